/** The whole tree below one master or relay: how many are where, and who is behind below relays. */
import { computed } from '@preact/signals';
import type { NodeBelow } from '../../../machines/protocol.js';
import type { NodeReport } from '../../service/inspection.js';
import type { BelowStatus } from '../../service/status.js';
import {
  belowText,
  namedBelow,
  reasonBelow,
  versionsBelowText,
  viaText,
} from '../rows/below-text.js';
import { shownNode, world } from './model.js';

interface Told {
  readonly id: string;
  readonly newest: number;
  readonly below: BelowStatus;
}

function newestOf(report: NodeReport): number {
  const at = report.role === 'master' ? report.status.position : report.status.target;
  return at?.version ?? 0;
}

/** Of the node that is shown; where that has no relays below, of the first master that has. */
const told = computed((): Told | null => {
  const { nodes } = world.value;
  const chosen = nodes.get(shownNode.value ?? '');
  const masters = [...nodes.values()].filter(({ entry }) => entry.role === 'master');
  for (const node of [...(chosen === undefined ? [] : [chosen]), ...masters]) {
    const report = node.report?.report;
    if (report?.below === undefined || node.endedAt !== null) continue;
    return { id: node.entry.id, newest: newestOf(report), below: report.below };
  }
  return null;
});

function Behind({ node }: { readonly node: NodeBelow }) {
  const { id, version, stage, link } = node;
  const reason = reasonBelow(node);
  return (
    <li data-testid="below-node" data-node={id} data-stage={stage} data-version={version}>
      <b>{id}</b> <span class="muted">{viaText(node)}</span> version {version}, {stage}, {link}
      {reason === '' ? '' : `: ${reason}`}
    </li>
  );
}

export function BelowView() {
  const { value } = told;
  if (value === null) return null;
  const { id, newest, below } = value;
  return (
    <section class="panel below" aria-label="Below relays" data-testid="below" data-node={id}>
      <p>
        <b>Below {id}</b> <span data-testid="below-counts">{belowText(below, newest)}</span>{' '}
        <span class="muted">versions {versionsBelowText(below)}</span>
      </p>
      <ul>
        {namedBelow(below).map((node) => (
          <Behind key={[...node.via, node.id].join('/')} node={node} />
        ))}
      </ul>
    </section>
  );
}
