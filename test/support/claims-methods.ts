/**
 * The closing sentence of the independent claims: by the type of delta, a one-phase update, in
 * which several slaves ask for the delta asynchronously and concurrently, or a two-phase update,
 * in which a slave receives the delta, sends its prepared signal, and commits on the signal.
 */
import * as assert from 'uvu/assert';
import type { ReplicationTask } from '../../lib/service/task.js';
import type { Method } from '../../machines/protocol.js';
import type { Cluster, Member } from './claims-cluster.js';
import { assertOrder, first, only } from './claims-journal.js';

export interface Change<S> {
  /** Made without naming a method: the user layer chooses by the type of delta. */
  readonly make: () => ReplicationTask;
  /** What readers of a copy see of it. */
  readonly read: (data: S) => unknown;
  readonly before: unknown;
  readonly after: unknown;
}

function assertRead<M, S>(cluster: Cluster<M, S>, change: Change<S>, expected: unknown): void {
  for (const { id, slave } of cluster.members) {
    assert.equal(change.read(slave.data), expected, `what ${id} shows`);
  }
}

/** The delta of `change` must be too long for an announcement. */
export async function assertOnePhase<M, S>(
  cluster: Cluster<M, S>,
  change: Change<S>,
): Promise<void> {
  const { journal, members, masterLayer } = cluster;
  const prior = cluster.version;
  journal.clear();
  for (const { tap } of members) tap.block('hold', 'delta');
  const task = change.make();
  const { version } = await task;
  assert.is(task.status.method, 'one-phase');
  // Asynchronous: the caller is told, the original moved, and no slave was waited for.
  assert.is(masterLayer.position()?.version, version);
  assertRead(cluster, change, change.before);
  // Concurrent: each has asked, and each is being served, before the first one is done.
  await cluster.until('a delta for every slave is under way', () =>
    members.every(({ id }) => journal.held(id, 'delta').some(({ message }) => message.last)),
  );
  assertRead(cluster, change, change.before);
  for (const { id } of members) assertAsked(cluster, id, prior, version);
  for (const { tap } of members) tap.release();
  await cluster.confirmed();
  assertRead(cluster, change, change.after);
  for (const { id } of members) {
    assert.equal(journal.sent(id, 'vote'), [], 'nobody votes on a one-phase delta');
    assert.equal(journal.calls(id, 'prepare'), [], 'no user layer is asked to prepare it');
  }
  assert.equal(journal.sent('master', 'prepare'), []);
  assert.equal(journal.sent('master', 'commit'), []);
}

function assertAsked<M, S>(cluster: Cluster<M, S>, id: string, from: number, to: number): void {
  const { journal } = cluster;
  const news = journal.received(id, 'announce');
  const announce = first(
    news.filter(({ message }) => message.position.version === to),
    `announce of ${to} at ${id}`,
  );
  const request = first(journal.sent(id, 'request'), `request of ${id}`);
  assert.is(request.message.position?.version, from);
  assert.is(request.message.round, null);
  const delta = first(journal.held(id, 'delta'), `delta at ${id}`);
  assert.equal([delta.message.from.version, delta.message.to.version], [from, to]);
  assertOrder(['announced', announce], ['requested', request], ['delta', delta]);
}

/** The delta of `change` travels inside the prepare. */
export async function assertTwoPhase<M, S>(
  cluster: Cluster<M, S>,
  change: Change<S>,
): Promise<void> {
  const { journal, members } = cluster;
  const prior = cluster.version;
  journal.clear();
  for (const { tap } of members) tap.block('hold', 'commit', 'announce');
  const task = change.make();
  await cluster.until('the commit signal reached every slave', () =>
    members.every(({ id }) => journal.held(id, 'commit').length > 0),
  );
  assert.is(task.status.method, 'two-phase');
  const { version } = await task;
  // The signal waits at each slave: prepared, it shows nothing and does not move.
  assertRead(cluster, change, change.before);
  for (const member of members) {
    assert.is(member.slave.status.round, 'prepared');
    assert.is(member.slave.position?.version, prior);
    assert.equal(journal.calls(member.id, 'commit'), []);
  }
  for (const { tap } of members) tap.release();
  await cluster.confirmed();
  assertRead(cluster, change, change.after);
  for (const member of members) assertRound(cluster, member, version);
}

function assertRound<M, S>(cluster: Cluster<M, S>, { id, slave }: Member<S>, version: number) {
  const { journal } = cluster;
  const prepare = first(journal.received(id, 'prepare'), `prepare at ${id}`);
  const { round, payload } = prepare.message;
  assert.instance(payload.body, Uint8Array, 'the delta travels with the prepare');
  const asked = only(journal.calls(id, 'prepare'), `prepare call at ${id}`);
  const vote = first(journal.sent(id, 'vote'), `prepared signal of ${id}`);
  assert.equal([vote.message.round, vote.message.answer], [round, 'yes']);
  const signal = first(journal.received(id, 'commit'), `commit signal at ${id}`);
  assert.is(signal.message.round, round);
  const commit = only(journal.calls(id, 'commit'), `commit call at ${id}`);
  assertOrder(
    ['delta', prepare],
    ['user layer asked', asked],
    ['prepared signal', vote],
    ['commit signal', signal],
    ['committed', commit],
  );
  // The signal leaves only when the last slave has sent that it is prepared.
  const sent = first(journal.sent('master', 'commit'), 'commit signal of the master');
  for (const other of cluster.members) {
    const answer = first(journal.sent(other.id, 'vote'), `vote of ${other.id}`);
    assertOrder([`vote of ${other.id}`, answer], ['commit signal', sent]);
  }
  assert.is(slave.position?.version, version);
  assert.is(slave.status.round, 'none');
}

/** Both branches, one after the other. */
export async function assertBothMethods<M, S>(
  cluster: Cluster<M, S>,
  changes: Readonly<Record<Method, Change<S>>>,
): Promise<void> {
  await assertOnePhase(cluster, changes['one-phase']);
  await assertTwoPhase(cluster, changes['two-phase']);
}
