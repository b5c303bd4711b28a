/** L3: a lease that comes when it is not wanted any more is given back, and held by nobody. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LeaseService, LeaseSession } from '../../lib/node/lease.js';
import { LEASE_MS, MEMBERS, NodeWorld } from '../support/node-world.js';

const test = suite('node: a lease that comes late');

/**
 * As a cluster of servers that is coming back: the write that takes the lease is slow, and a read
 * meanwhile finds an older record, in which the last leader holds it. The first two times.
 */
function recovering(world: NodeWorld, isRecovering: () => boolean): LeaseService {
  let left = 2;
  const join: LeaseService['join'] = async (member) => {
    const session = await world.lease.join(member);
    let isTaking = false;
    const write: LeaseSession['write'] = async (next, expected) => {
      const isRenewal = world.lease.record('tree')?.holder === member.id;
      if (isRenewal || next.holder === null || !isRecovering() || left === 0) {
        return session.write(next, expected);
      }
      left -= 1;
      isTaking = true;
      await new Promise<void>((resolve) => void world.clock.setTimeout(resolve, LEASE_MS * 0.45));
      isTaking = false;
      return session.write(next, expected);
    };
    const read: LeaseSession['read'] = async () => {
      const record = await session.read();
      return record !== null && isTaking ? { ...record, revision: record.revision - 1 } : record;
    };
    return { ...session, write, read };
  };
  return { leaseMs: LEASE_MS, isAutomatic: true, join };
}

test('a node that was told of another leader meanwhile does not keep it: somebody leads', async () => {
  const world = new NodeWorld();
  let isRecovering = false;
  const first = await world.begin(
    {},
    recovering(world, () => isRecovering),
  );
  isRecovering = true;
  world.isolate(first.id);
  const others = MEMBERS.filter((id) => id !== first.id).map((id) => world.node(id));
  const leads = () => others.some(({ role }) => role === 'leading');
  const isLed = await world.clock.passUntil(leads, 10 * LEASE_MS);
  const stands = others.map(({ id, role, status }) => `${id} ${role} ${status.leaseMs}`);
  assert.ok(isLed, stands.join(', '));
  await world.end();
});

test.run();
