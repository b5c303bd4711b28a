/** The message chart: who said what to whom, and what became of it. */
import { computed, signal } from '@preact/signals';
import { fateOf, type MessageRow, type Target } from '../timeline/message-pairs.js';
import { clockText, countText, shortId } from './format.js';
import { lanesOf, type Mark, MessageLanes, ROW_PX } from './message-lanes.js';
import { depth, hasEarlier, knownLifelines, lifelines, rows } from './message-window.js';
import {
  ageOf,
  type MessageFilter,
  messageFilter,
  NO_FILTER,
  timeline,
  viewLine,
} from './model.js';
import { goToLine } from './travel.js';
import { ValueTree } from './value-tree.js';
import { VirtualList } from './virtual-list.js';

const KINDS = [
  'announce',
  'prepare',
  'vote',
  'commit',
  'abort',
  'ack',
  'hello',
  'welcome',
  'request',
  'delta',
  'snapshot',
  'inquire',
  'outcome',
  'refused',
  'goodbye',
  'below',
] as const;

/** The row whose message is shown whole. */
const chosenRow = signal<number | null>(null);

const lanes = computed(() => lanesOf(lifelines.value.map(({ key }) => key)));

/** How the round of a message ended, for its colour. */
function outcomeOf({ round }: MessageRow): string {
  if (round === null) return 'none';
  const { changes } = timeline.value;
  const track = changes.withId(round);
  const stage = track === undefined ? null : changes.stageAt(track, viewLine.value);
  if (stage === null || stage === 'begun') return 'open';
  return stage === 'aborted' || stage === 'failed' ? 'aborted' : 'committed';
}

const nameOf = (key: string): string => key.slice(key.lastIndexOf(' ') + 1);

const FATE_TEXT = {
  arrived: 'arrived at',
  ignored: 'ignored by',
  'under-way': 'under way to',
  lost: 'lost to',
  unseen: 'sent to',
} as const;

const fate = (row: MessageRow, target: Target) =>
  fateOf(row, target, viewLine.value, row.at + ageOf(row.line));

function spokenText(row: MessageRow): string {
  const ends = row.targets.map((target) => {
    const reason = target.reason === '' ? '' : ` (${target.reason})`;
    const name = target.lifeline === '' ? target.peer : nameOf(target.lifeline);
    return `${FATE_TEXT[fate(row, target)]} ${name}${reason}`;
  });
  return `${clockText(row.at)} ${nameOf(row.from)}: ${row.name} ${row.detail}, ${ends.join(', ')}`;
}

function marksOf(row: MessageRow): Mark[] {
  return row.targets.flatMap((target) => {
    const place = lanes.value.places.get(target.lifeline);
    return place === undefined ? [] : [{ place, fate: fate(row, target) }];
  });
}

function choose(row: MessageRow): void {
  chosenRow.value = chosenRow.value === row.line ? null : row.line;
}

function Row({ row }: { readonly row: MessageRow }) {
  const marks = marksOf(row);
  const outcome = outcomeOf(row);
  const spoken = spokenText(row);
  const worst = ['lost', 'ignored'].find((each) => marks.some((mark) => mark.fate === each)) ?? '';
  return (
    <button
      type="button"
      role="option"
      data-row
      data-testid="sequence-row"
      data-kind={row.name}
      data-round={row.round ?? ''}
      data-outcome={outcome}
      data-fate={worst}
      class={`plain message outcome-${outcome}`}
      aria-label={spoken}
      aria-selected={chosenRow.value === row.line}
      title={spoken}
      onClick={() => choose(row)}
    >
      <time>{clockText(row.at)}</time>
      <span class="said">
        <b>{row.name}</b> <span class="muted">{row.detail}</span>
      </span>
      <MessageLanes lanes={lanes.value} row={row} marks={marks} />
    </button>
  );
}

function Choice(props: {
  readonly label: string;
  readonly field: keyof MessageFilter;
  readonly options: ReadonlyArray<readonly [string, string]>;
}) {
  const { label, field, options } = props;
  return (
    <select
      aria-label={label}
      value={messageFilter.value[field]}
      onChange={({ currentTarget }) => {
        messageFilter.value = { ...messageFilter.value, [field]: currentTarget.value };
      }}
    >
      <option value="">{label}</option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

function Filters() {
  const items = [...new Set(knownLifelines.value.map(({ item }) => item))];
  const { round } = messageFilter.value;
  const isFiltered = Object.values(messageFilter.value).some((value) => value !== '');
  return (
    <search class="filters" data-testid="sequence-filters">
      <input
        type="search"
        id="round-filter"
        aria-label="Round"
        placeholder="round id"
        value={round}
        onInput={({ currentTarget }) => {
          messageFilter.value = { ...messageFilter.value, round: currentTarget.value.trim() };
        }}
      />
      <Choice
        label="every node"
        field="lifeline"
        options={knownLifelines.value.map(({ key, id }) => [key, id])}
      />
      <Choice label="every kind" field="kind" options={KINDS.map((kind) => [kind, kind])} />
      {items.length > 1 ? (
        <Choice label="every item" field="item" options={items.map((item) => [item, item])} />
      ) : null}
      {isFiltered ? (
        <button
          type="button"
          onClick={() => {
            messageFilter.value = NO_FILTER;
          }}
        >
          Clear
        </button>
      ) : null}
      {hasEarlier.value ? (
        <button
          type="button"
          onClick={() => {
            depth.value *= 4;
          }}
        >
          Earlier
        </button>
      ) : null}
      <span class="muted">{countText(rows.value.length)} messages</span>
    </search>
  );
}

function LaneHeads() {
  return (
    <div class="lane-heads" aria-hidden="true">
      <span class="time-head">time</span>
      <span class="said">message</span>
      {lifelines.value.map(({ key, id, role }) => (
        <span key={key} class={`lane-head ${role}`} title={id}>
          {id.length > 9 ? `…${id.slice(-8)}` : id}
        </span>
      ))}
    </div>
  );
}

function Detail({ line }: { readonly line: number }) {
  const entry = timeline.value.store.lineAt(line);
  if (entry?.kind !== 'message') return null;
  const track = timeline.value.changes.withId(roundIn(entry.message));
  return (
    <div class="detail" data-testid="message-detail">
      <div class="detail-bar">
        <b>{entry.name}</b>
        <span class="muted">{entry.reason ?? ''}</span>
        <button type="button" onClick={() => goToLine(line + 1)}>
          Go to this moment
        </button>
        {track === undefined ? null : (
          <button
            type="button"
            onClick={() => {
              messageFilter.value = { ...NO_FILTER, round: track.change };
            }}
          >
            Only round {shortId(track.change)}
          </button>
        )}
        <button
          type="button"
          aria-label="Close"
          onClick={() => {
            chosenRow.value = null;
          }}
        >
          ×
        </button>
      </div>
      <ValueTree name="message" value={entry.message} depth={1} />
    </div>
  );
}

const roundIn = (message: unknown): string => {
  const { round } = message as { readonly round?: unknown };
  return typeof round === 'string' ? round : '';
};

export function SequenceView() {
  const shown = rows.value;
  return (
    <div class="view sequence" data-testid="sequence">
      <Filters />
      <VirtualList
        count={shown.length}
        rowPx={ROW_PX}
        label="Messages"
        testid="sequence-list"
        followsEnd
        header={<LaneHeads />}
        row={(index, slot) => {
          const row = shown[index];
          return row === undefined ? null : <Row key={slot} row={row} />;
        }}
      />
      {chosenRow.value === null ? null : <Detail line={chosenRow.value} />}
    </div>
  );
}
