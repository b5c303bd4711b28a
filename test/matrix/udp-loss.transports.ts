/**
 * Real multicast between real processes while a fifth of all packets is lost, of the streams' too:
 * by nftables in network namespaces of the test's own, or by lossy sockets where those are not
 * allowed. Join, one-phase, two-phase, veto, kill, catch up; all converge.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../support/free-port.js';
import { Namespaces, namespacesLack } from '../support/network-namespaces.js';
import type { UdpNodeState } from '../support/udp-node.js';
import { UdpNodeProcess } from '../support/udp-node-process.js';
import { REFUSED } from '../support/udp-refused.js';

const LOSS_RATIO = 0.2;
const ONE_PHASE = 60;
const TWO_PHASE = 10;
const IDS = ['a', 'b', 'c'] as const;
const PORT = 7410;
/** As `udp-node.ts` waits. */
const PATIENCE_MS = 240_000;

interface Ground {
  readonly words: string;
  node(role: 'master' | 'slave', id: string): UdpNodeProcess;
  /** What was lost so far, for people. */
  lost(): string;
  close(): void;
}

function namespaces(): Ground {
  const spaces = new Namespaces();
  const addresses = new Map<string, string>();
  try {
    for (const name of ['master', ...IDS]) addresses.set(name, spaces.host(name, LOSS_RATIO));
  } catch (thrown) {
    spaces.close();
    throw thrown;
  }
  const host = addresses.get('master') ?? '';
  return {
    words: 'network namespaces, 20 % of the packets dropped by nftables at each receiver',
    node: (role, id) => {
      const local = addresses.get(id) ?? '';
      const options = { host, port: PORT, interface: local, lossySeed: null };
      return new UdpNodeProcess(spaces.prefix(id), role, id, options);
    },
    lost: () =>
      ['master', ...IDS]
        .map((name) => {
          const { arrived, dropped } = spaces.packets(name);
          return `${name} ${dropped} of ${arrived}`;
        })
        .join(', '),
    close: () => spaces.close(),
  };
}

async function lossySockets(why: string): Promise<Ground> {
  const port = await freePort();
  const local = '127.0.0.1';
  return {
    words: `lossy sockets on loopback, since ${why}`,
    node: (role, id) =>
      new UdpNodeProcess([], role, id, { host: local, port, interface: local, lossySeed: id }),
    lost: () => 'a fifth of the datagrams by the sockets',
    close: () => undefined,
  };
}

async function started(ground: Ground, role: 'master' | 'slave', id: string) {
  const node = ground.node(role, id);
  await node.started();
  return node;
}

async function state(node: UdpNodeProcess): Promise<UdpNodeState> {
  return node.do({ do: 'tell' });
}

/** All stand where the master stands, with its history and its data. */
async function converged(master: UdpNodeProcess, slaves: readonly UdpNodeProcess[]) {
  const { version, digest, n } = await state(master);
  for (const slave of slaves) {
    const reached = await slave.do({ do: 'reach', version });
    assert.equal([reached.version, reached.digest, reached.n], [version, digest, n], slave.id);
  }
  return version;
}

/** Its stream may have carried all so far; heartbeats come by datagram once it said it hears. */
async function hears(slave: UdpNodeProcess): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (((await state(slave)).traffic.frames ?? 0) === 0) {
    if (performance.now() > deadline) throw new Error(`${slave.id} gets nothing by datagram`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function manySlaves(master: UdpNodeProcess, count: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await state(master)).slaves !== count) {
    if (performance.now() > deadline) throw new Error(`${count} slaves did not join`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function vetoed(master: UdpNodeProcess): Promise<string> {
  try {
    await master.do({ do: 'set', n: REFUSED, method: 'two-phase' });
  } catch (thrown) {
    return String(thrown);
  }
  throw new Error('a change that every slave refuses was made');
}

async function play(ground: Ground, nodes: Map<string, UdpNodeProcess>): Promise<void> {
  const join = async (role: 'master' | 'slave', id: string) => {
    const node = await started(ground, role, id);
    nodes.set(id, node);
    return node;
  };
  const master = await join('master', 'master');
  const slaves = await Promise.all(IDS.map((id) => join('slave', id)));
  const [a, b, c] = slaves as [UdpNodeProcess, UdpNodeProcess, UdpNodeProcess];
  await manySlaves(master, IDS.length);
  await Promise.all(slaves.map(hears));
  await converged(master, slaves);

  for (let n = 1; n <= ONE_PHASE; n += 1) await master.do({ do: 'set', n, method: 'one-phase' });
  await converged(master, slaves);
  for (let n = 1; n <= TWO_PHASE; n += 1) {
    await master.do({ do: 'set', n: 1000 + n, method: 'two-phase' });
  }
  const before = await converged(master, slaves);
  assert.match(await vetoed(master), /does not take -1/);
  assert.is((await state(b)).n, 1000 + TWO_PHASE, 'nothing of a vetoed change is seen');

  await c.kill();
  for (let n = 1; n <= 20; n += 1) await master.do({ do: 'set', n: 2000 + n, method: 'one-phase' });
  await converged(master, [a, b]);
  const again = await join('slave', 'c');
  await manySlaves(master, IDS.length);
  await converged(master, [a, b, again]);
  await master.do({ do: 'set', n: 3000, method: 'two-phase' });
  const after = await converged(master, [a, b, again]);
  assert.ok(after > before);
  await hears(again);

  const { traffic, troubles } = await state(master);
  const heard = await Promise.all([a, b, again].map(state));
  const frames = heard.map(({ traffic: { frames = 0 } }) => frames);
  console.log(`\n${ground.words}\nlost: ${ground.lost()}`);
  console.log(`master: ${JSON.stringify(traffic)}`);
  console.log(`frames by datagram at a, b, c since its restart: ${frames.join(', ')}\n`);
  assert.ok((traffic.datagrams ?? 0) > ONE_PHASE / 2, 'the changes did not go by datagram');
  assert.ok(
    frames.every((count) => count > 0),
    'a slave got nothing by datagram',
  );
  assert.not(
    troubles.some((words) => /UNAUTHORIZED|PROTOCOL/.test(words)),
    troubles.join('\n'),
  );
}

const test = suite('udp: a fifth lost');

test('join, one-phase, two-phase, veto, kill, catch up: all converge', async () => {
  const lack = namespacesLack();
  const ground = lack === null ? namespaces() : await lossySockets(lack);
  const nodes = new Map<string, UdpNodeProcess>();
  try {
    await play(ground, nodes);
  } finally {
    await Promise.all([...nodes.values()].map((node) => node.kill()));
    ground.close();
  }
});

test.run();
