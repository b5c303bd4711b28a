/**
 * The whole page. What tests hold on to (`data-testid`):
 * - `source` (`data-state`: connecting, live, lost, refused, whole), `progress` (`data-read`),
 *   `file` (the input), `save`, `help`
 * - `nodes`, `node-row` (`data-node`, `-role`, `-stage`, `-version`, `-severity`), `node-stage`,
 *   `node-version`, `node-link`, `node-reason`
 * - `below` (`data-node`: who tells), `below-counts`, `below-node` (`data-node`, `-stage`,
 *   `-version`)
 * - `statechart` (the drawing is in it), `actor-picker`, `active-states`, `context`, `past-steps`
 * - `slider`, `moment` (`data-live`), `to-start`, `step-back`, `play`, `step-forward`, `to-end`,
 *   `gaps`
 * - `tab-sequence`, `tab-changes`, `tab-plots`
 * - `sequence`, `sequence-filters`, `sequence-list`, `sequence-row` (`data-kind`, `-round`,
 *   `-outcome`, `-fate`), `message-detail`
 * - `changes`, `changes-list`, `change-row` (`data-change`, `-stage`, `-method`, `-version`),
 *   `veto-reason`, `change-reason`, `change-detail`
 * - `plots`, `lag-plot`, `rate-plot`, `troubles`
 */
import { ActorView } from './actor-view.js';
import { BelowView } from './below-view.js';
import { ChangesView } from './changes-view.js';
import { clockText } from './format.js';
import { Header } from './header.js';
import { TABS, type Tab, tab, world } from './model.js';
import { NodesView } from './nodes-view.js';
import { PlotsView } from './plots-view.js';
import { SequenceView } from './sequence-view.js';
import { Help, useShortcuts } from './shortcuts.js';
import { TimeBar } from './time-bar.js';

const VIEWS = { sequence: SequenceView, changes: ChangesView, plots: PlotsView } as const;
const TITLES = { sequence: 'Sequence', changes: 'Changes', plots: 'Lag and rates' } as const;
const TROUBLES_SHOWN = 3;

function moveTab(event: KeyboardEvent): void {
  const direction = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (direction === 0) return;
  event.preventDefault();
  event.stopPropagation();
  const index = (TABS.indexOf(tab.value) + direction + TABS.length) % TABS.length;
  tab.value = TABS[index] ?? tab.value;
  document.getElementById(`tab-${tab.value}`)?.focus();
}

function TabButton({ name }: { readonly name: Tab }) {
  const isChosen = tab.value === name;
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      data-testid={`tab-${name}`}
      aria-selected={isChosen}
      aria-controls="tab-panel"
      tabIndex={isChosen ? 0 : -1}
      onClick={() => {
        tab.value = name;
      }}
    >
      {TITLES[name]}
    </button>
  );
}

export function Tabs() {
  const View = VIEWS[tab.value];
  return (
    <section class="panel tabs" aria-label="History">
      <div class="tab-list" role="tablist" onKeyDown={moveTab}>
        {TABS.map((name) => (
          <TabButton key={name} name={name} />
        ))}
      </div>
      <div class="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
        <View />
      </div>
    </section>
  );
}

/** What hosts were told, newest first. */
export function Troubles() {
  const { troubles, nodes } = world.value;
  if (troubles.length === 0) return null;
  const nameOf = (node: string): string => nodes.get(node)?.entry.id ?? node;
  const newest = troubles.slice(-TROUBLES_SHOWN).reverse();
  return (
    <ul class="troubles" data-testid="troubles" aria-label="Troubles">
      {newest.map(({ line, entry }) => (
        <li key={line}>
          <time>{clockText(entry.at)}</time> <b>{nameOf(entry.node)}</b>{' '}
          <span class="code">{entry.trouble.code}</span> {entry.trouble.reason}
        </li>
      ))}
    </ul>
  );
}

export function App() {
  useShortcuts();
  return (
    <>
      <Header />
      <TimeBar />
      <main>
        <div class="upper">
          <NodesView />
          <BelowView />
          <Troubles />
        </div>
        <ActorView />
        <Tabs />
      </main>
      <Help />
    </>
  );
}
