/** A slave behind when a change is proposed: first brought to the prior state (claim 40). */
import * as assert from 'uvu/assert';
import type { ReplicationTask } from '../../lib/service/task.js';
import type { Position } from '../../machines/protocol.js';
import type { Cluster } from './claims-cluster.js';
import { assertOrder, first, only } from './claims-journal.js';

interface Ids {
  readonly behind: string;
  readonly current: string;
}

interface Changes {
  /** One-phase changes of which the slave that is behind hears nothing. */
  readonly passing: ReadonlyArray<() => ReplicationTask>;
  /** The two-phase change that finds it behind. */
  readonly proposed: () => ReplicationTask;
}

export function committedVersions<M, S>({ journal }: Cluster<M, S>, id: string): number[] {
  return journal.calls(id, 'commit').map(({ args }) => (args[1] as Position).version);
}

/** Afterwards the journal holds what happened since the proposal. */
export async function assertSyncBeforePrepare<M, S>(
  cluster: Cluster<M, S>,
  { behind, current }: Ids,
  { passing, proposed }: Changes,
): Promise<void> {
  const { journal } = cluster;
  const { slave, tap } = cluster.member(behind);
  const held = slave.position?.version ?? 0;
  tap.block('drop', 'announce');
  for (const change of passing) await change();
  await cluster.lost(behind);
  await cluster.reached(current);
  const prior = cluster.version;
  journal.clear();
  const { version } = await proposed();
  await cluster.reached(behind, version);
  tap.release();
  await cluster.confirmed();
  assertSynced(cluster, behind, [held, prior, version]);
  assert.equal(journal.sent(current, 'request'), [], `${current} was at the prior state`);
  const vote = first(journal.sent(current, 'vote'), `signal of ${current}`);
  assert.equal([vote.message.answer, vote.message.needsSync], ['yes', false]);
}

function assertSynced<M, S>(
  cluster: Cluster<M, S>,
  id: string,
  [held, prior, version]: readonly [number, number, number],
): void {
  const { journal } = cluster;
  const packet = first(journal.received(id, 'prepare'), 'new delta');
  assert.equal([packet.message.from.version, packet.message.to.version], [prior, version]);
  const request = only(journal.sent(id, 'request'), 'request for a syncing delta');
  assert.is(request.message.position?.version, held);
  const made = only(journal.calls('master', 'createDelta'), 'syncing delta of the user layer');
  assert.equal(made.args, [held, prior]);
  const sync = first(journal.received(id, 'delta'), 'syncing delta');
  assert.equal([sync.message.from.version, sync.message.to.version], [held, prior]);
  const vote = first(journal.sent(id, 'vote'), 'prepared signal');
  assert.equal([vote.message.answer, vote.message.needsSync], ['yes', true]);
  const [synced, committed] = journal.calls(id, 'commit');
  assert.ok(synced !== undefined && committed !== undefined);
  assertOrder(
    ['new delta', packet],
    ['request', request],
    ['made', made],
    ['syncing delta', sync],
    ['prior state', synced],
    ['user layer asked', only(journal.calls(id, 'prepare'), 'prepare call')],
    ['prepared signal', vote],
    ['commit signal', first(journal.received(id, 'commit'), 'commit')],
    ['new state', committed],
  );
  assert.equal(committedVersions(cluster, id), [prior, version]);
}
