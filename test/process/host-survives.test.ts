/**
 * S14, T39, T52: what strangers send to the port of a host costs their own connection. The host's
 * process lives, serves the others, and says with a code what came.
 */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { limits } from '../../lib/limits.js';
import { encodeHello, TRANSPORT_VERSION } from '../../lib/transports/tcp/hello.js';
import { freePort } from '../support/free-port.js';
import { ProcessCluster } from '../support/process-cluster.js';
import {
  framed,
  HostileMaster,
  hello,
  ofLaterVersion,
  strangeFrame,
} from '../support/process-hostile.js';
import { type Entry, readLog } from '../support/process-log.js';
import { ProcessNode } from '../support/process-node.js';
import { type RawSocket, rawSlave, rawSocket } from '../support/raw-socket.js';
import { until } from '../support/recording-sink.js';
import { withFolder } from '../support/store-folder.js';

const test = suite('processes: hostile peers');

const HEARTBEAT_MS = 200;
const DEADLINE_MS = 40_000;
const TWO_PHASE = { method: 'two-phase', ack: 'applied' } as const;

type Trouble = Extract<Entry, { kind: 'trouble' }>;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const settings = (folder: string) => ({
  folder,
  slaves: 1,
  heartbeatMs: HEARTBEAT_MS,
  // Nobody here is to be late with its vote, however slow a disk is.
  voteMs: 20_000,
});

const troublesOf = (node: ProcessNode): Trouble[] =>
  readLog(node.settings.log).filter((entry): entry is Trouble => entry.kind === 'trouble');

/** Waits until the node told something with this code that it had not told before. */
async function told(node: ProcessNode, known: number, code: string, what: string): Promise<string> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const news = troublesOf(node).slice(known);
    const found = news.find((trouble) => trouble.code === code);
    if (found !== undefined) return found.reason;
    if (performance.now() > deadline) {
      throw new Error(`${what}: ${node.id} told no ${code}, only ${JSON.stringify(news)}`);
    }
    await pause(10);
  }
}

const TWO_GIB = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
const POINT = { version: 9, digest: 'digest of a stranger' };
const CUT = framed(Buffer.alloc(1000)).subarray(0, 200);

interface Attack {
  readonly what: string;
  readonly code: string;
  readonly says: RegExp;
  readonly run: (port: number) => Promise<RawSocket>;
}

const slaveThatSends = (bytes: Uint8Array) => async (port: number) => {
  const raw = await rawSlave(port, limits.frameBytesMax);
  raw.socket.write(bytes);
  return raw;
};

const ATTACKS: readonly Attack[] = [
  {
    what: 'garbage on the port',
    code: 'PROTOCOL',
    says: /does not speak this protocol/,
    run: (port) => rawSocket(port, Buffer.alloc(100_000, 0x5a)),
  },
  {
    what: 'a peer of a later transport version',
    code: 'PROTOCOL',
    says: /version/,
    run: (port) => {
      const nonce = Buffer.alloc(32, 1);
      const { frameBytesMax } = limits;
      const bytes = encodeHello({ role: 'slave', secret: false, frameBytesMax, nonce });
      bytes[4] = TRANSPORT_VERSION + 1;
      return rawSocket(port, bytes);
    },
  },
  {
    what: 'a frame of garbage',
    code: 'PROTOCOL',
    says: /not replichart/,
    run: slaveThatSends(framed(Buffer.alloc(500, 0x5a))),
  },
  {
    what: 'a peer of a later protocol version',
    code: 'PROTOCOL',
    says: /upgrade the older/,
    run: slaveThatSends(ofLaterVersion(strangeFrame(hello(null)))),
  },
  {
    what: 'a peer of another item',
    code: 'PROTOCOL',
    says: /another item|not served here/,
    run: slaveThatSends(strangeFrame(hello(null), { item: 'something else' })),
  },
  {
    what: 'a message only masters send',
    code: 'PROTOCOL',
    says: /master's message/,
    run: slaveThatSends(
      Buffer.concat([
        strangeFrame(hello(null), { sender: 'impostor' }),
        strangeFrame(
          { kind: 'outcome', round: 'r', outcome: 'aborted', position: POINT },
          { sender: 'impostor' },
        ),
      ]),
    ),
  },
  {
    what: 'a frame of 2 GiB',
    code: 'TOO_LARGE',
    says: /bytes/,
    run: slaveThatSends(TWO_GIB),
  },
  {
    what: 'a frame of 2 GiB from a slave that was welcomed',
    code: 'TOO_LARGE',
    says: /giant/,
    run: slaveThatSends(Buffer.concat([strangeFrame(hello(null), { sender: 'giant' }), TWO_GIB])),
  },
  {
    what: 'a peer killed in the middle of a frame',
    code: 'PROTOCOL',
    says: /in the middle of a frame/,
    run: async (port) => {
      const raw = await slaveThatSends(CUT)(port);
      raw.socket.end();
      return raw;
    },
  },
];

test('S14: a master outlives whatever comes to its port, serves on, and says what came', () =>
  withFolder(async (folder) => {
    const cluster = await ProcessCluster.start(settings(folder));
    try {
      await cluster.inStep(performance.now(), DEADLINE_MS);
      for (const [place, { what, code, says, run }] of ATTACKS.entries()) {
        const known = troublesOf(cluster.master).length;
        const raw = await run(cluster.master.port);
        const reason = await told(cluster.master, known, code, what);
        assert.match(reason, says, `${what}: ${reason}`);
        raw.socket.destroy();
        await raw.closed;
        const key = `change:${place}`;
        const outcome = await cluster.master.set(key, TWO_PHASE);
        // Only an impostor that was welcomed can be missed by a round, and only until it is gone.
        const others = Object.keys(outcome.slaves).filter((id) => id !== 'slave-1');
        if (others.length === 0) assert.is(outcome.code, null, `${what}: ${outcome.message}`);
      }
      const last = await cluster.master.set('change:last', TWO_PHASE);
      assert.is(last.code, null, last.message);
      assert.ok((await cluster.slaves[0]?.content())?.changes.includes('last'));
      await cluster.stop();
      assert.equal(cluster.faults(), []);
    } finally {
      await cluster.killAll();
    }
  }));

test('S14: a slave outlives a master made of garbage, serves its copy, and finds the real one', () =>
  withFolder(async (folder) => {
    const cluster = await ProcessCluster.start(settings(folder));
    try {
      const [slave] = cluster.slaves;
      if (slave === undefined) throw new Error('the cluster lacks a slave');
      await cluster.inStep(performance.now(), DEADLINE_MS);
      await cluster.master.set('change:kept', TWO_PHASE);
      const { port } = cluster.master;
      const cases: ReadonlyArray<readonly [string, Uint8Array, 'wait' | 'reset', string]> = [
        ['a frame of garbage', framed(Buffer.alloc(500, 0x5a)), 'wait', 'PROTOCOL'],
        ['a later protocol', ofLaterVersion(strangeFrame(hello(null))), 'wait', 'PROTOCOL'],
        ["a slave's message", strangeFrame(hello(null)), 'wait', 'PROTOCOL'],
        ['a frame of 2 GiB', TWO_GIB, 'wait', 'TOO_LARGE'],
        ['a reset in the middle of a frame', CUT, 'reset', 'NOT_RUNNING'],
      ];
      await cluster.master.kill();
      for (const [what, bytes, then, code] of cases) {
        const known = troublesOf(slave).length;
        const hostile = await HostileMaster.start(port, bytes, then);
        try {
          await until(`${what} to be sent`, () => hostile.served > 0);
          await told(slave, known, code, what);
        } finally {
          await hostile.close();
        }
        assert.equal((await slave.content()).changes, ['kept'], what);
      }
      await cluster.master.start();
      await cluster.inStep(performance.now(), DEADLINE_MS);
      await cluster.stop();
      assert.equal(cluster.faults(), []);
    } finally {
      await cluster.killAll();
    }
  }));

test('P2, T31: a slave of another lineage is refused, keeps its data, says so, and harms nobody', () =>
  withFolder(async (folder) => {
    const first = await ProcessCluster.start(settings(join(folder, 'first')));
    const other = await ProcessCluster.start(settings(join(folder, 'other')));
    const [moved] = first.slaves;
    if (moved === undefined) throw new Error('the cluster lacks a slave');
    const stranger = new ProcessNode({ ...moved.settings, id: 'moved', port: other.master.port });
    try {
      await first.inStep(performance.now(), DEADLINE_MS);
      await other.inStep(performance.now(), DEADLINE_MS);
      await first.master.set('change:first', TWO_PHASE);
      await other.master.set('change:other', TWO_PHASE);
      await first.stop();
      await stranger.start();
      const reason = await told(stranger, 0, 'PROTOCOL', 'another lineage');
      assert.match(reason, 'lineage');
      const { slave } = await stranger.shows(
        'refusal',
        ({ slave }) => slave?.link === 'refused',
        DEADLINE_MS,
      );
      assert.is(slave?.problem?.code, 'PROTOCOL', JSON.stringify(slave));
      assert.equal((await stranger.content()).changes, ['first'], 'it serves what it had');
      await other.master.shows(
        'foreign slave',
        ({ slaves }) =>
          slaves.some(({ id, link, stage }) => {
            return id === 'moved' && link === 'refused' && stage === 'foreign';
          }),
        DEADLINE_MS,
      );
      // Not asked for its vote, not now and not after its next hello (P14).
      await pause(1000 + HEARTBEAT_MS);
      const next = await other.master.set('change:next', TWO_PHASE);
      assert.is(next.code, null, next.message);
      assert.equal((await other.slaves[0]?.content())?.changes, ['other', 'next']);
      await stranger.stop();
      await other.stop();
      assert.equal([...first.faults(), ...other.faults(), stranger.stderr], ['']);
    } finally {
      await first.killAll();
      await other.killAll();
      await stranger.kill();
    }
  }));

test('T41: a second master on the port of the first fails with its code and takes nothing away', () =>
  withFolder(async (folder) => {
    const cluster = await ProcessCluster.start(settings(folder));
    const port = await freePort();
    assert.is.not(port, cluster.master.port, 'the port is in use');
    try {
      await cluster.inStep(performance.now(), DEADLINE_MS);
      const second = new ProcessNode({
        ...cluster.master.settings,
        folder: join(folder, 'second'),
        log: join(folder, 'second.log'),
      });
      const failure = await second.start().then(
        () => 'started',
        (error: unknown) => String(error),
      );
      assert.match(failure, 'Refused: INVALID_OPTION');
      const next = await cluster.master.set('change:next', TWO_PHASE);
      assert.is(next.code, null, next.message);
      await cluster.stop();
      assert.equal(cluster.faults(), []);
    } finally {
      await cluster.killAll();
    }
  }));

test.run();
