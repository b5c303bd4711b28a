/** The table of nodes: who is where, and why not further. */
import { computed } from '@preact/signals';
import type { NodeRow } from '../rows/node-row.js';
import { nodeRows } from '../rows/node-rows.js';
import type { World } from '../timeline/world.js';
import { countText, shortId, spanText } from './format.js';
import { ageOf, chosenActor, chosenNode, shownNode, shownTime, world } from './model.js';

function rowsOf({ nodes }: World, now: number): NodeRow[] {
  const sights = [...nodes.values()].map(({ entry, report, heardLine, endedAt }) => {
    const seen = heardLine === null ? {} : { seenAtMs: now - ageOf(heardLine) };
    return { entry, report, ended: endedAt !== null, ...seen };
  });
  return nodeRows(sights, now);
}

const rows = computed(() => rowsOf(world.value, shownTime.value));
const hasItems = computed(() => new Set(rows.value.map(({ item }) => item)).size > 1);

function choose(node: string): void {
  chosenNode.value = node;
  chosenActor.value = null;
}

/** A slave that only its master knows has no statechart here: the master's is shown. */
const nodeOf = ({ node }: NodeRow): string => (world.value.nodes.has(node) ? node : ownerOf(node));
const ownerOf = (node: string): string => node.slice(0, Math.max(0, node.lastIndexOf('/')));

function moveFocus(event: KeyboardEvent): void {
  const direction =
    event.key === 'ArrowDown' ? 'next' : event.key === 'ArrowUp' ? 'previous' : null;
  const row = (event.target as HTMLElement).closest('tr');
  if (direction === null || row === null) return;
  const button = row[`${direction}ElementSibling`]?.querySelector('button');
  event.preventDefault();
  event.stopPropagation();
  button?.focus();
}

function Round({ round }: { readonly round: string | null }) {
  if (round === null) return <td class="code" />;
  const [id = '', ...rest] = round.split(' ');
  return (
    <td class="code" title={round} data-label="round">
      {shortId(id)} <span class="muted">{rest.join(' ')}</span>
    </td>
  );
}

function Row({ row }: { readonly row: NodeRow }) {
  const node = nodeOf(row);
  const heard = row.heardMs === null ? '' : spanText(row.heardMs);
  return (
    <tr
      data-testid="node-row"
      data-node={row.id}
      data-role={row.role}
      data-stage={row.stage}
      data-version={row.version}
      data-severity={row.severity}
      class={shownNode.value === row.node ? 'chosen' : ''}
      onClick={() => choose(node)}
    >
      <th scope="row">
        <button
          type="button"
          class="plain name"
          aria-pressed={shownNode.value === row.node}
          title={row.id}
          onClick={() => choose(node)}
        >
          {row.id}
        </button>
        <span class="role">{row.role}</span>
      </th>
      {hasItems.value ? <td>{row.item}</td> : null}
      <td>
        <span class={`badge ${row.severity}`} data-testid="node-stage">
          {row.stage}
        </span>
      </td>
      <td class="number" data-testid="node-version" data-label="version">
        {countText(row.version)}
      </td>
      <td class={`number ${(row.lag ?? 0) > 0 ? 'behind' : ''}`} data-label="lag">
        {row.lag === null ? '' : countText(row.lag)}
      </td>
      <td class="code wide">{row.digest}</td>
      <td class="wide" data-testid="node-link">
        {row.link}
      </td>
      <td class="number wide">{heard}</td>
      <Round round={row.round} />
      <td class="reason" data-testid="node-reason">
        {row.reason}
      </td>
    </tr>
  );
}

const HEADS = [
  ['node', ''],
  ['item', 'item'],
  ['stage', ''],
  ['version', 'number'],
  ['lag', 'number'],
  ['digest', 'wide'],
  ['link', 'wide'],
  ['heard', 'number wide'],
  ['round', ''],
  ['why', ''],
] as const;

function Heads() {
  return (
    <tr>
      {HEADS.filter(([title]) => title !== 'item' || hasItems.value).map(([title, look]) => (
        <th scope="col" key={title} class={look}>
          {title}
        </th>
      ))}
    </tr>
  );
}

export function NodesView() {
  return (
    <section class="panel nodes" aria-label="Nodes" data-testid="nodes">
      {rows.value.length === 0 ? (
        <p class="empty">
          No node yet. Pass the inspector to <code>createMaster</code> or <code>createSlave</code>,
          or drop a recording here.
        </p>
      ) : (
        <table>
          <thead>
            <Heads />
          </thead>
          <tbody onKeyDown={moveFocus}>
            {rows.value.map((row) => (
              <Row key={`${row.node} ${row.id}`} row={row} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
