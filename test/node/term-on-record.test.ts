/**
 * P16, S7: where a term began is on record before its leader takes a change. Else a leader that
 * dies in between leaves a history whose beginning nobody knows, and who stands beyond it with
 * changes of its own would take that history for its own continued: they would be gone unseen.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import type { LeaseService, LeaseSession } from '../../lib/node/lease.js';
import { LEASE_MS, MEMBERS, NodeWorld, type Tree } from '../support/node-world.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('node: a term is on record before its changes');

const to = (n: number) => (draft: Tree) => {
  draft.n = n;
};

/** The same lease, whose renewals get lost on their way: in time, as `natsLease` gives up. */
function losingRenewals(world: NodeWorld, isLosing: () => boolean): LeaseService {
  const late = new ReplicationError('TIMEOUT', 'writing the lease took too long');
  const join: LeaseService['join'] = async (member) => {
    const session = await world.lease.join(member);
    const write: LeaseSession['write'] = async (next, expected) => {
      const isRenewal = world.lease.record('tree')?.holder === member.id;
      if (!isRenewal || !isLosing()) return session.write(next, expected);
      await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, LEASE_MS / 3));
      throw late;
    };
    return { ...session, write };
  };
  return { leaseMs: LEASE_MS, isAutomatic: true, join };
}

test('a leader whose term does not get on record confirms nothing; a change of before is not lost unseen', async () => {
  const world = new NodeWorld();
  // On disk, so that a copy that may not follow is set aside, and not merely reset (P19).
  const disks = new Map(MEMBERS.map((id) => [id, { store: new ServiceDisk() }]));
  let isLosing = false;
  const lease = losingRenewals(world, () => isLosing);
  for (const id of MEMBERS) void world.make(id, disks.get(id), lease).start();
  const first = await world.leader();
  await world.settled(first.data.update(to(1)));
  await world.clock.pass(500);
  world.isolate(first.id);
  await world.settled(first.data.update(to(2), { ack: 'decided' }));
  const [one, other] = MEMBERS.filter((id) => id !== first.id).map((id) => world.node(id));
  assert.ok(one && other);
  // The next one takes the lease, and dies before the record tells where its term began.
  isLosing = true;
  const confirmed: number[] = [];
  for (let n = 10; n < 200 && confirmed.length < 3; n += 1) {
    const answer = await world.settled((n % 2 === 0 ? one : other).data.update(to(n)), 100);
    if (typeof answer !== 'string') confirmed.push(n);
    await world.clock.pass(LEASE_MS / 60);
  }
  const [dead, left] = other.role === 'leading' ? [other, one] : [one, other];
  isLosing = false;
  world.rejoin(first.id);
  world.isolate(dead.id);
  const isCalm = () =>
    [first, left].some(({ role }) => role === 'leading') &&
    first.position?.digest === left.position?.digest;
  assert.ok(await world.clock.passUntil(isCalm, 8 * LEASE_MS));
  const isKept = first.data.get().n === 2 || first.status.conflicts.length === 1;
  assert.equal([confirmed, isKept], [[], true]);
  await world.end();
});

test('it leads once the record tells where its term began, though the first writes got lost', async () => {
  const world = new NodeWorld();
  let losses = 0;
  const lease = losingRenewals(world, () => {
    losses += 1;
    return losses <= 2;
  });
  const leader = await world.begin({}, lease);
  assert.ok(losses > 2, `${losses} writes`);
  const { term } = leader.status;
  assert.equal(world.lease.record('tree')?.successions, [{ term, version: 0 }]);
  assert.is((await world.settled(leader.data.update(to(1)))) instanceof Object, true);
  await world.end();
});

test.run();
