/** P15: a slave that stands still costs the master of a group nothing, and the others nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../support/free-port.js';
import { UdpNodeProcess } from '../support/udp-node-process.js';

const CHANGES = 3_000;
/** Quiet and stalled in turn: what else the machine does for a while spoils one or two of them. */
const TURNS = 5;
const MIB = 1024 * 1024;
/** What a master may grow by while it makes the changes, stalled slave or not. */
const GROWTH_BYTES_MAX = 64 * MIB;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const test = suite('udp: a stalled slave');

test('P15: changes go on at their pace, memory stays, and the slave catches up when it runs', async () => {
  const host = '127.0.0.1';
  const options = { host, port: await freePort(), interface: host, lossySeed: null };
  const nodes: UdpNodeProcess[] = [];
  const start = async (role: 'master' | 'slave', id: string) => {
    const node = new UdpNodeProcess([], role, id, options);
    nodes.push(node);
    await node.started();
    return node;
  };
  try {
    const master = await start('master', 'master');
    const [a, b] = [await start('slave', 'a'), await start('slave', 'b')];
    const change = (n: number) => master.do({ do: 'set', n, method: 'one-phase', times: CHANGES });
    const reach = async (slave: UdpNodeProcess) => {
      const { version } = await master.do({ do: 'tell' });
      return slave.do({ do: 'reach', version });
    };
    await change(1);
    await Promise.all([a, b].map(reach));
    const before = await master.do({ do: 'tell' });
    const [quietMs, stalledMs]: [number[], number[]] = [[], []];
    let grew = 0;
    for (let turn = 1; turn <= TURNS; turn += 1) {
      quietMs.push(await timed(() => change(turn * 20_000)));
      await Promise.all([a, b].map(reach));
      const { rssBytes: rssBefore } = await master.do({ do: 'tell' });
      b.signal('SIGSTOP');
      stalledMs.push(await timed(() => change(turn * 20_000 + 10_000)));
      const { n } = await reach(a);
      assert.is(n, turn * 20_000 + 10_000 + CHANGES - 1);
      const { rssBytes } = await master.do({ do: 'tell' });
      grew = Math.max(grew, rssBytes - rssBefore);
      b.signal('SIGCONT');
      const again = await reach(b);
      assert.is(again.n, n);
    }
    const after = await master.do({ do: 'tell' });

    const [quiet, stalled] = [median(quietMs), median(stalledMs)];
    const waits = `${quiet.toFixed(0)} ms quiet, ${stalled.toFixed(0)} ms with one stalled`;
    console.log(`\n${CHANGES} changes: ${waits}; the master grew ${(grew / MIB).toFixed(1)} MiB\n`);
    assert.ok(grew < GROWTH_BYTES_MAX, `the master grew by ${grew} bytes`);
    assert.ok(stalled < 3 * quiet + 1_000, `the others waited for the stalled one: ${waits}`);
    const casts = (after.traffic.datagrams ?? 0) - (before.traffic.datagrams ?? 0);
    assert.ok(casts > 0, 'nothing went by datagram');
  } finally {
    for (const node of nodes) node.signal('SIGCONT');
    await Promise.all(nodes.map((node) => node.kill()));
  }
});

test.run();
