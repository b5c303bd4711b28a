/** One actor: its statechart with the states it is in, its context, and what it did last. */
import { computed } from '@preact/signals';
import { LiveChart } from '../chart/live-chart.js';
import type { StateValue } from '../entries.js';
import type { ActorState, PastStep } from '../timeline/actor-stories.js';
import type { WorldActor } from '../timeline/world.js';

import { clockText, eventText, spanText } from './format.js';
import {
  actorsShown,
  chosenActor,
  chosenNode,
  shownActor,
  shownLine,
  shownNode,
  sourceState,
  timeline,
  world,
} from './model.js';
import { goToLine } from './travel.js';
import { ValueTree } from './value-tree.js';

const PAST_SHOWN = 24;

const state = computed((): ActorState | null => {
  const actor = shownActor.value;
  return actor === null ? null : timeline.value.actors.at(actor, world.value.line);
});

const past = computed((): readonly PastStep[] => {
  const actor = shownActor.value;
  if (actor === null) return [];
  return timeline.value.pastOf(world.value, actor.entry.actor, PAST_SHOWN);
});

/** `serving.round.idle`, one for each region that is active. */
export function pathsOf(value: StateValue | null, prefix = ''): string[] {
  if (value === null) return [];
  if (typeof value === 'string') return [prefix + value];
  return Object.entries(value).flatMap(([key, inner]) => {
    const deeper = pathsOf(inner, `${prefix}${key}.`);
    return deeper.length === 0 ? [prefix + key] : deeper;
  });
}

function Picker() {
  const { nodes } = world.value;
  const nameOf = (actor: WorldActor): string =>
    `${actor.entry.name}${actor.endedAt === null ? '' : ' (ended)'}`;
  return (
    <div class="picker">
      <select
        aria-label="Node"
        value={shownNode.value ?? ''}
        onChange={({ currentTarget }) => {
          chosenNode.value = currentTarget.value;
          chosenActor.value = null;
        }}
      >
        {[...nodes.values()].map(({ entry }) => (
          <option key={entry.node} value={entry.node}>
            {entry.id}
          </option>
        ))}
      </select>
      <select
        aria-label="Actor"
        data-testid="actor-picker"
        value={shownActor.value?.entry.actor ?? ''}
        onChange={({ currentTarget }) => {
          chosenActor.value = currentTarget.value;
        }}
      >
        {actorsShown.value.map((actor) => (
          <option key={actor.entry.actor} value={actor.entry.actor}>
            {nameOf(actor)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Picture({ actor, now }: { readonly actor: WorldActor; readonly now: ActorState }) {
  const { machine, name } = actor.entry;
  const chart = machine === null ? undefined : world.value.machines.get(machine);
  if (chart === undefined) return <p class="empty">This actor is no machine: it has no states.</p>;
  // The layout takes the thread for as long as reading some megabytes: first what is to be seen.
  if (sourceState.value.kind === 'connecting') return <p class="empty">Reading the recording…</p>;
  return (
    <LiveChart
      chart={chart}
      value={actor.endedAt === null ? now.value : null}
      taken={now.step?.taken ?? []}
      step={now.stepLine ?? -1}
      name={name}
    />
  );
}

function Context({ now }: { readonly now: ActorState }) {
  const changed = new Set(Object.keys(now.step?.changed ?? {}));
  return (
    <div class="context" data-testid="context">
      <h3>Context</h3>
      <ValueTree name="context" value={now.context} changed={changed} depth={1} />
    </div>
  );
}

const takenText = ({ taken }: PastStep): string =>
  taken.length === 0 ? 'ignored' : taken.map((id) => id.split('/')[0] || 'root').join(', ');

function Past() {
  return (
    <div class="past" data-testid="past-steps">
      <h3>Last transitions</h3>
      <ol>
        {past.value.map((step, index) => {
          const before = past.value[index + 1];
          return (
            <li key={step.ordinal % PAST_SHOWN}>
              <button
                type="button"
                class={`plain step ${step.taken.length === 0 ? 'ignored' : ''}`}
                aria-current={shownLine.value === step.line + 1}
                title={[step.event, ...step.taken].join('\n')}
                onClick={() => goToLine(step.line + 1)}
              >
                <time>{clockText(step.at)}</time>
                <b>{eventText(step.event)}</b>
                <span class="muted">{takenText(step)}</span>
                <span class="muted gap">
                  {before === undefined ? '' : `+${spanText(Math.max(0, step.at - before.at))}`}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

export function ActorView() {
  const actor = shownActor.value;
  const now = state.value;
  return (
    <section class="panel actor" aria-label="Statechart" data-testid="statechart">
      <header>
        <h2>Statechart</h2>
        <Picker />
        <p class="states code" data-testid="active-states" aria-live="polite">
          {pathsOf(now?.value ?? null).join('  ')}
        </p>
      </header>
      {actor === null || now === null ? (
        <p class="empty">No actor of this node was seen.</p>
      ) : (
        <div class="actor-body">
          <div class="picture">
            <Picture actor={actor} now={now} />
          </div>
          <div class="aside">
            <Past />
            <Context now={now} />
          </div>
        </div>
      )}
    </section>
  );
}
