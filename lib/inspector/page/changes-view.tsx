/** Every change: how, how large, how long each stage took, who voted, and who said no and why. */
import { computed, signal } from '@preact/signals';
import type { ChangeTrack, ChangeView } from '../timeline/changes.js';
import { bytesText, clockText, countText, shortId, spanText } from './format.js';
import { shownTime, showRound, timeline, viewLine } from './model.js';
import { goToLine } from './travel.js';
import { VirtualList } from './virtual-list.js';

const ROW_PX = 34;

const chosenChange = signal<string | null>(null);
const onlyProblems = signal(false);

/** Newest first, as far as they had begun by the shown moment. */
const tracks = computed((): readonly ChangeTrack[] => {
  const { changes } = timeline.value;
  const begun = changes.tracks.slice(0, changes.begunBefore(viewLine.value)).reverse();
  return onlyProblems.value ? begun.filter(hasProblem) : begun;
});

const hasProblem = ({ moments }: ChangeTrack): boolean =>
  moments.some(({ stage }) => stage === 'aborted' || stage === 'failed');

const viewOf = (track: ChangeTrack): ChangeView | null =>
  timeline.value.changes.viewAt(track, viewLine.value, shownTime.value);

function StageBar({ view }: { readonly view: ChangeView }) {
  const timed = view.stages.filter(({ durationMs }) => durationMs > 0);
  return (
    <span class="stage-bar">
      {timed.map(({ stage, durationMs }) => (
        <span
          key={stage}
          class={`stage ${stage}`}
          style={{ flexGrow: durationMs / Math.max(view.totalMs, 0.001) }}
          title={`${stage}: ${spanText(durationMs)}`}
        />
      ))}
    </span>
  );
}

/** One-phase changes ask nobody. */
function Votes({ votes, entry }: Pick<ChangeView, 'votes' | 'entry'>) {
  const { yes, no, open } = votes;
  if (entry.method === 'one-phase' || yes + no + open === 0)
    return <span class="votes muted">–</span>;
  return (
    <span class="votes">
      {yes > 0 ? <span class="good-text">{yes} </span> : null}
      {no > 0 ? <span class="bad-text">−{no}</span> : null}
      {open > 0 ? <span class="muted"> ?{open}</span> : null}
    </span>
  );
}

function reasonText({ vetoes, entry }: ChangeView): string {
  const [veto] = vetoes;
  if (veto !== undefined) return `${veto.slave}: ${veto.reason}`;
  return entry.problem === null ? '' : `${entry.problem.code}: ${entry.problem.reason}`;
}

function spokenText(view: ChangeView): string {
  const { entry, totalMs } = view;
  const stages = view.stages.map(({ stage, durationMs }) => `${stage} ${spanText(durationMs)}`);
  const reason = reasonText(view);
  const end = reason === '' ? '' : `; ${reason}`;
  const what = `version ${entry.to.version}, ${entry.method}, ${entry.stage}`;
  return `${what} in ${spanText(totalMs)}: ${stages.join(', ')}${end}`;
}

function Row({ track }: { readonly track: ChangeTrack }) {
  const view = viewOf(track);
  if (view === null) return <div class="change-row" data-row />;
  const { entry } = view;
  return (
    <button
      type="button"
      role="option"
      aria-selected={chosenChange.value === track.key}
      aria-label={spokenText(view)}
      title={spokenText(view)}
      data-row
      data-testid="change-row"
      data-change={entry.change}
      data-stage={entry.stage}
      data-method={entry.method}
      data-version={entry.to.version}
      class="plain change-row"
      onClick={() => {
        chosenChange.value = chosenChange.value === track.key ? null : track.key;
      }}
    >
      <span class="number">{countText(entry.to.version)}</span>
      <span class="muted">{entry.method === 'two-phase' ? 'two' : 'one'}</span>
      <span class={`badge ${LOOK[entry.stage]}`}>{entry.stage}</span>
      <span class="number">{bytesText(entry.bytes)}</span>
      <StageBar view={view} />
      <span class="number">{spanText(view.totalMs)}</span>
      <Votes votes={view.votes} entry={entry} />
      <span class="why" data-testid={view.vetoes.length > 0 ? 'veto-reason' : 'change-reason'}>
        {reasonText(view)}
      </span>
    </button>
  );
}

const LOOK = {
  begun: 'warning',
  decided: 'good',
  committed: 'good',
  applied: 'good',
  aborted: 'bad',
  failed: 'bad',
} as const;

function Detail({ view }: { readonly view: ChangeView }) {
  const { entry, stages, beganAt, track } = view;
  return (
    <div class="detail" data-testid="change-detail">
      <div class="detail-bar">
        <b>
          v{entry.to.version} <span class="code">{shortId(entry.change)}</span>
        </b>
        <span class="muted">
          {entry.updates === 1 ? '1 update' : `${entry.updates} updates`}, {clockText(beganAt)}
        </span>
        <button type="button" onClick={() => goToLine((track.lines[0] ?? 0) + 1)}>
          Go to its beginning
        </button>
        {entry.method === 'two-phase' ? (
          <button type="button" onClick={() => showRound(entry.change)}>
            Its messages
          </button>
        ) : null}
        <button
          type="button"
          aria-label="Close"
          onClick={() => {
            chosenChange.value = null;
          }}
        >
          ×
        </button>
      </div>
      {entry.problem === null ? null : (
        <p class="bad-text">
          {entry.problem.code}: {entry.problem.reason}
        </p>
      )}
      <dl class="pairs">
        {stages.map(({ stage, durationMs }) => (
          <div key={stage}>
            <dt>{stage}</dt>
            <dd class="number">{durationMs === 0 ? 'end' : spanText(durationMs)}</dd>
          </div>
        ))}
        {Object.entries(entry.slaves).map(([slave, { stage, reason }]) => (
          <div key={slave} class={stage === 'vetoed' || stage === 'lost' ? 'bad-text' : ''}>
            <dt>{slave}</dt>
            <dd>{reason === undefined ? stage : `${stage}: ${reason}`}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Heads() {
  return (
    <div class="change-row change-heads" aria-hidden="true">
      {['version', 'phases', 'stage', 'size', 'time per stage', 'total', 'votes', 'why'].map(
        (title) => (
          <span key={title}>{title}</span>
        ),
      )}
    </div>
  );
}

export function ChangesView() {
  const shown = tracks.value;
  const chosen = shown.find(({ key }) => key === chosenChange.value);
  const detail = chosen === undefined ? null : viewOf(chosen);
  return (
    <div class="view changes" data-testid="changes">
      <div class="filters">
        <label>
          <input
            type="checkbox"
            checked={onlyProblems.value}
            onChange={({ currentTarget }) => {
              onlyProblems.value = currentTarget.checked;
            }}
          />
          only aborted and failed
        </label>
        <span class="muted">{countText(shown.length)} changes</span>
      </div>
      <VirtualList
        count={shown.length}
        rowPx={ROW_PX}
        label="Changes, newest first"
        testid="changes-list"
        header={<Heads />}
        row={(index, slot) => {
          const track = shown[index];
          return track === undefined ? null : <Row key={slot} track={track} />;
        }}
      />
      {detail === null ? null : <Detail view={detail} />}
    </div>
  );
}
