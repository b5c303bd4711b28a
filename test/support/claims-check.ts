/**
 * The steps of claims 36 and 41: the master's service layer sends a version number, the slave's
 * user layer says whether its data is there, and a delta is requested only if it is not.
 */
import * as assert from 'uvu/assert';
import type { ReplicationTask } from '../../lib/service/task.js';
import type { Cluster } from './claims-cluster.js';
import { assertOrder, first, only } from './claims-journal.js';

/**
 * Both slaves leave and come again with nothing but their user layers; one change was made while
 * only `behind` was away, so that the answers of the two user layers differ.
 */
export async function assertCheckAtJoin<M, S>(
  cluster: Cluster<M, S>,
  ids: { readonly behind: string; readonly current: string },
  change: () => ReplicationTask,
): Promise<void> {
  const { journal } = cluster;
  const [behind, current] = [cluster.member(ids.behind), cluster.member(ids.current)];
  await behind.slave.stop();
  await change();
  await cluster.reached(ids.current);
  await current.slave.stop();
  journal.clear();
  await cluster.startSlave(ids.behind, behind.layer);
  await cluster.startSlave(ids.current, current.layer);
  await cluster.settle();
  assertAsked(cluster, ids.behind);
  assertSilent(cluster, ids.current);
}

/** A running slave misses a change; the next word on the version makes it ask, and only it. */
export async function assertCheckWhileRunning<M, S>(
  cluster: Cluster<M, S>,
  ids: { readonly behind: string; readonly current: string },
  change: () => ReplicationTask,
): Promise<void> {
  const { journal } = cluster;
  const { slave, tap } = cluster.member(ids.behind);
  const from = slave.position?.version ?? 0;
  tap.block('drop', 'announce');
  await change();
  await cluster.lost(ids.behind);
  await cluster.reached(ids.current);
  journal.clear();
  tap.release();
  await cluster.confirmed();
  const told = first(journal.received(ids.behind, 'announce'), 'version number');
  assert.is(told.message.position.version, cluster.version);
  const request = only(journal.sent(ids.behind, 'request'), `request of ${ids.behind}`);
  assert.is(request.message.position?.version, from);
  const delta = first(journal.received(ids.behind, 'delta'), 'delta');
  assertOrder(['version', told], ['request', request], ['delta', delta]);
  await cluster.until(`the same word at ${ids.current}`, () => {
    return journal.received(ids.current, 'announce').length > 0;
  });
  const heard = first(journal.received(ids.current, 'announce'), 'version number');
  assert.is(heard.message.position.version, cluster.version);
  assert.equal(journal.sent(ids.current, 'request'), [], `${ids.current} is there already`);
}

function assertAsked<M, S>(cluster: Cluster<M, S>, id: string): void {
  const { journal, version } = cluster;
  const checked = first(journal.calls(id, 'position'), `version check of ${id}`);
  const held = (checked.result as { readonly version: number }).version;
  assert.ok(held < version, `${id} is behind`);
  const told = only(journal.received(id, 'welcome'), `version number for ${id}`);
  assert.is(told.message.position.version, version);
  const request = first(journal.sent(id, 'request'), `request of ${id}`);
  assert.is(request.message.position?.version, held);
  const made = only(journal.calls('master', 'createDelta'), 'delta of the master user layer');
  assert.equal(made.args, [held, version]);
  const delta = first(journal.received(id, 'delta'), `delta at ${id}`);
  assert.equal([delta.message.from.version, delta.message.to.version], [held, version]);
  const updated = first(journal.calls(id, 'commit'), `update of ${id}`);
  assertOrder(
    ['checked', checked],
    ['told', told],
    ['requested', request],
    ['made', made],
    ['delta', delta],
    ['updated', updated],
  );
  assert.equal(journal.received(id, 'snapshot'), []);
  assert.is(cluster.member(id).layer.position()?.version, version);
}

/** Its user layer is at the version: it is told the number, checks, and asks for nothing. */
function assertSilent<M, S>(cluster: Cluster<M, S>, id: string): void {
  const { journal, version } = cluster;
  const checked = first(journal.calls(id, 'position'), `version check of ${id}`);
  assert.is((checked.result as { readonly version: number }).version, version);
  const told = only(journal.received(id, 'welcome'), `version number for ${id}`);
  assert.is(told.message.position.version, version);
  assert.equal(journal.sent(id, 'request'), []);
  assert.equal(journal.calls(id, 'commit'), []);
}
