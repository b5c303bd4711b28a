/**
 * L3, P16: a master that ended before its term was on record never leads. The wait for the record
 * is as long as the lease lasts, and what a slave shows in that time fences it as at any other.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import type { LeaseService, LeaseSession } from '../../lib/node/lease.js';
import { LEASE_MS, MEMBERS, NodeWorld, type Tree } from '../support/node-world.js';

const test = suite('node: a master that ends while its node takes the lead');

/** Nobody's record can be written for a while by whoever holds the lease already. */
function refusingRenewals(world: NodeWorld, isRefusing: () => boolean): LeaseService {
  const join: LeaseService['join'] = async (member) => {
    const session = await world.lease.join(member);
    const write: LeaseSession['write'] = async (next, expected) => {
      const isRenewal = world.lease.record('tree')?.holder === member.id;
      if (!isRenewal || !isRefusing()) return session.write(next, expected);
      throw new ReplicationError('TIMEOUT', 'the lease service has no leader');
    };
    return { ...session, write };
  };
  return { leaseMs: LEASE_MS, isAutomatic: true, join };
}

const LATER_TERM = 50;

const change = (draft: Tree) => {
  draft.n += 1;
};

test('fenced by a slave that promised a later term to a candidate whom it did not hear', async () => {
  const world = new NodeWorld();
  let isRefusing = false;
  const first = await world.begin(
    {},
    refusingRenewals(world, () => isRefusing),
  );
  await world.settled(first.data.update(change));
  await world.clock.pass(LEASE_MS / 3);
  isRefusing = true;
  await world.settled(first.stop());
  const nodes = MEMBERS.filter((id) => id !== first.id).map((id) => world.node(id));
  // The copy of the one that takes the lead has given way to its original.
  const taking = () => nodes.find(({ status }) => status.copy === null);
  const follower = () => nodes.find(({ status }) => status.copy?.link === 'live');
  const isBegun = () => taking() !== undefined && follower() !== undefined;
  assert.ok(await world.clock.passUntil(isBegun, 5 * LEASE_MS));
  const one = taking();
  assert.ok(one);
  assert.is(one.role, 'promoting');
  // The third asks for a later term, and is heard by the follower only.
  world.lease.partition(first.id, one.id);
  const member = { answer: async () => null, changed: () => {}, troubled: () => {} };
  const candidate = await world.settled(
    world.lease.join({ id: first.id, item: 'tree', ...member }),
  );
  assert.ok(typeof candidate === 'object');
  const question = { kind: 'ask', term: LATER_TERM, candidate: first.id, lineage: null };
  const limits = { timeoutMs: LEASE_MS / 6, all: 1, most: 1, graceMs: 1 };
  await world.settled(candidate.ask(question, limits));
  await world.clock.pass(LEASE_MS / 6);
  const ledIn: number[] = [];
  one.on('role', (role) => {
    if (role === 'leading') ledIn.push(one.status.term);
  });
  isRefusing = false;
  const isLed = () =>
    nodes.some(({ role, status }) => role === 'leading' && status.term > LATER_TERM);
  const stands = () => nodes.map(({ id, role, status }) => `${id} ${role} ${status.term}`);
  assert.ok(await world.clock.passUntil(isLed, 10 * LEASE_MS), stands().join(', '));
  const leader = nodes.find(({ role }) => role === 'leading');
  assert.ok(leader && (await world.settled(leader.data.update(change))) instanceof Object);
  assert.equal(
    ledIn.filter((term) => term <= LATER_TERM),
    [],
  );
  await world.end();
});

test.run();
