/**
 * A lease service that is away is told a few times, whatever a node tries meanwhile, and once it is
 * back somebody leads. For an hour of it: OUTAGE_MINUTES=60.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LeaseService, LeaseSession } from '../../lib/node/index.js';
import { LEASE_MS, NodeWorld } from '../support/node-world.js';

const test = suite('node: without its lease service');

const OUTAGE_MINUTES = Number(process.env.OUTAGE_MINUTES ?? 2);
/** Of one node: it lost the lead, and how each kind of call fails. */
const TOLD_MAX = 8;

let count = 0;
const refused = async (): Promise<never> => {
  throw new Error('the service is down');
};
/** As where each answer names its request. */
const numbered = async (): Promise<never> => {
  count += 1;
  throw new Error(`request ${count} failed`);
};
const never = () => new Promise<never>(() => {});

const OUTAGES: Readonly<Record<string, { calls: Partial<LeaseSession>; most: number }>> = {
  'every call rejects': { calls: { read: refused, write: refused, ask: refused }, most: TOLD_MAX },
  'only the record is away': { calls: { read: refused, write: refused }, most: TOLD_MAX },
  'no call settles': { calls: { read: never, write: never, ask: never }, most: TOLD_MAX },
  'the record is away, and nothing settles': {
    calls: { read: never, write: never },
    most: TOLD_MAX,
  },
  // Each is another failure, as far as anybody can tell: once a minute of each kind of call.
  'each rejection has other words': {
    calls: { read: numbered, write: numbered, ask: numbered },
    most: 3 * (OUTAGE_MINUTES + 1),
  },
};

for (const [what, { calls, most }] of Object.entries(OUTAGES)) {
  test(what, async () => {
    const world = new NodeWorld();
    let failing: Partial<LeaseSession> = {};
    const service: LeaseService = {
      leaseMs: LEASE_MS,
      isAutomatic: true,
      join: async (member) => {
        const session = await world.lease.join(member);
        return {
          read: () => (failing.read ?? session.read)(),
          write: (next, expected) => (failing.write ?? session.write)(next, expected),
          ask: (question, limits) => (failing.ask ?? session.ask)(question, limits),
          leave: () => session.leave(),
        };
      },
    };
    await world.begin({}, service);
    const told = new Map<string, string[]>();
    for (const [id, node] of world.nodes) {
      told.set(id, []);
      node.on('trouble', ({ code, reason }) => told.get(id)?.push(`${code} ${reason}`));
    }
    failing = calls;
    await world.clock.pass(OUTAGE_MINUTES * 60_000);
    for (const [id, words] of told) {
      assert.ok(
        words.length > 0 && words.length <= most,
        `${id}: ${words.length} ${words.slice(0, 20).join('; ')}`,
      );
    }
    failing = {};
    await world.leader();
    assert.is(await world.end(), 0);
  });
}

test.run();
