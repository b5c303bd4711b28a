/** A17: keys are exchanged under load: no connection is dropped, and none is refused. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document } from '../../lib/index.js';
import type { Secret } from '../../lib/transports/keyring.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('TCP: keys are rotated under load (A17)');

const OLD = 'the key of last year';
const NEW = 'the key of this year';
/** Installed behind the old one everywhere, then used everywhere, then the old one is removed. */
const STEPS: readonly Secret[] = [[OLD, NEW], [NEW, OLD], [NEW]];

interface Cluster {
  readonly port: number;
  readonly renewals: ReadonlyArray<(secret: Secret) => void>;
  /** Everything that went wrong anywhere. */
  readonly troubles: readonly string[];
  readonly connections: () => readonly string[];
  readonly change: (n: number) => Promise<number>;
  readonly stop: () => Promise<void>;
}

async function clusterOf(seal: boolean): Promise<Cluster> {
  const troubles: string[] = [];
  const listen = tcpListen({ port: 0, secret: OLD, seal });
  const master = createMaster({ item: 'a', data: document({ n: 0 }), transport: listen });
  master.on('trouble', ({ reason }) => troubles.push(reason));
  await master.start();
  const transports = [1, 2, 3].map(() => tcpConnect({ port: listen.port, secret: OLD, seal }));
  const slaves = transports.map((transport, index) =>
    createSlave({ item: 'a', id: `s${index}`, data: document({ n: 0 }), transport }),
  );
  for (const slave of slaves) {
    slave.on('trouble', ({ reason }) => troubles.push(reason));
    await slave.start();
    await slave.current({ timeout: 10_000 });
    slave.on('status', ({ link }) => {
      if (link !== 'live') troubles.push(`${slave.id} is ${link}`);
    });
  }
  return {
    port: listen.port,
    renewals: [listen, ...transports].map((each) => (secret: Secret) => each.renew({ secret })),
    troubles,
    connections: () => master.slaves().map(({ id, link }) => `${id} ${link}`),
    change: async (n) => {
      const { participants } = await master.data.set({ n }, { method: 'two-phase' });
      return participants.length;
    },
    stop: async () => {
      await Promise.all(slaves.map((slave) => slave.stop()));
      await master.stop();
    },
  };
}

/** A process that comes just now, with the keys of this step. */
async function joins(port: number, secret: Secret, seal: boolean): Promise<readonly string[]> {
  const transport = tcpConnect({ port, secret, seal });
  const sink = new RecordingSink();
  await transport.open(sink);
  await until('joined or refused', () => sink.joins.length + sink.troubles.length > 0);
  await transport.close();
  return sink.troubles.map(({ message }) => message);
}

for (const seal of [true, false]) {
  for (const order of ['master first', 'slaves first']) {
    test(`install, use, remove, ${order}, seal: ${seal}`, async () => {
      const cluster = await clusterOf(seal);
      let n = 0;
      let isOver = false;
      const load = (async () => {
        while (!isOver) assert.is(await cluster.change(++n), 3);
      })();
      const nodes = order === 'master first' ? cluster.renewals : [...cluster.renewals].reverse();
      let before: Secret = OLD;
      for (const step of STEPS) {
        for (const renew of nodes) {
          renew(step);
          const done = n;
          await until('some rounds', () => n > done + 3);
          // In the middle of a step both kinds of slaves come.
          for (const keys of [before, step]) {
            if (keys === OLD && step !== STEPS[0]) continue;
            assert.equal(await joins(cluster.port, keys, seal), []);
          }
        }
        before = step;
      }
      isOver = true;
      await load;
      assert.equal(cluster.troubles, []);
      assert.equal([...cluster.connections()].sort(), ['s0 live', 's1 live', 's2 live']);
      const [refusal] = await joins(cluster.port, OLD, seal);
      assert.match(refusal ?? '', 'same "secret"');
      await cluster.stop();
    });
  }
}

test.run();
