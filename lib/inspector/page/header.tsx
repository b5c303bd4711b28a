/** What is watched, and whether it is live; open, save, help. */
import { useRef } from 'preact/hooks';
import { bytesText, countText } from './format.js';
import { progressRevision, sourceState, timeline } from './model.js';
import { open } from './opening.js';
import { saveRecording } from './recording-file.js';
import { isHelpOpen } from './shortcuts.js';
import type { SourceState } from './source.js';

const LOOK = {
  connecting: 'warning',
  live: 'good',
  lost: 'warning',
  refused: 'bad',
  whole: 'neutral',
} as const;

function stateText(state: SourceState): string {
  if (state.kind === 'lost') return `reconnecting: ${state.reason}`;
  if (state.kind === 'refused') return `not connected: ${state.reason}`;
  return state.kind === 'whole' ? state.name : state.kind;
}

function Progress() {
  progressRevision.value;
  const { store, passed } = timeline.value;
  const share = store.end === 0 ? 1 : passed / store.end;
  const unreadable = store.unreadable === 0 ? '' : `, ${countText(store.unreadable)} unreadable`;
  return (
    <span class="muted number" data-testid="progress" data-read={share >= 1}>
      {share < 1 ? `reading ${Math.floor(share * 100)} % of ` : ''}
      {countText(store.end - store.first)} lines, {bytesText(store.bytes)}
      {unreadable}
    </span>
  );
}

export function Header() {
  const file = useRef<HTMLInputElement>(null);
  const state = sourceState.value;
  return (
    <header class="top">
      <h1>replichart</h1>
      <span
        class={`badge ${LOOK[state.kind]}`}
        role="status"
        data-testid="source"
        data-state={state.kind}
        title={stateText(state)}
      >
        {stateText(state)}
      </span>
      <Progress />
      <span class="spring" />
      <input
        ref={file}
        type="file"
        hidden
        accept=".jsonl,.ndjson,.json"
        data-testid="file"
        onChange={({ currentTarget }) => {
          const [chosen] = currentTarget.files ?? [];
          if (chosen !== undefined) void open(chosen);
          currentTarget.value = '';
        }}
      />
      <button type="button" onClick={() => file.current?.click()}>
        Open…
      </button>
      <button
        type="button"
        title="Save what is kept as a recording"
        data-testid="save"
        onClick={() => saveRecording(timeline.value)}
      >
        Save
      </button>
      <button
        type="button"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}
