/** The table of nodes: who is where, and why not further. */
import { computed } from '@preact/signals';
import type { NodeRow } from '../rows/node-row.js';
import { nodeRows } from '../rows/node-rows.js';
import type { World } from '../timeline/world.js';
import { chosenActor, chosenNode, shownTime, world } from './model.js';

function rowsOf({ nodes }: World, now: number): NodeRow[] {
  const sights = [...nodes.values()].map(({ entry, report, endedAt }) => {
    return { entry, report, ended: endedAt !== null };
  });
  return nodeRows(sights, now);
}

export const rows = computed(() => rowsOf(world.value, shownTime.value));

function choose(node: string): void {
  chosenNode.value = node;
  chosenActor.value = null;
}

function Row({ row }: { readonly row: NodeRow }) {
  const isChosen = chosenNode.value === row.node;
  return (
    <tr
      data-testid="node-row"
      data-node={row.id}
      data-stage={row.stage}
      data-severity={row.severity}
      aria-selected={isChosen}
      onClick={() => choose(row.node)}
    >
      <th scope="row">
        <button type="button" class="plain" onClick={() => choose(row.node)}>
          {row.id}
        </button>
      </th>
      <td>{row.role}</td>
      <td data-testid="node-stage">{row.stage}</td>
      <td class="number">{row.version}</td>
      <td class="number">{row.lag ?? ''}</td>
      <td class="code">{row.digest}</td>
      <td>{row.link}</td>
      <td class="code">{row.round ?? ''}</td>
      <td data-testid="node-reason">{row.reason}</td>
    </tr>
  );
}

export function NodesView() {
  return (
    <section aria-labelledby="nodes-title" data-testid="nodes">
      <h2 id="nodes-title">Nodes</h2>
      <table>
        <thead>
          <tr>
            {['node', 'role', 'stage', 'version', 'lag', 'digest', 'link', 'round', 'reason'].map(
              (title) => (
                <th scope="col" key={title}>
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.value.map((row) => (
            <Row key={`${row.node} ${row.id}`} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
