/** P9, P13: an id is any text; names that every object has are names like others. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: odd names of slaves');
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'plain'];

const anyNames = fc.shuffledSubarray(NAMES, { minLength: 2, maxLength: 4 });
const settings = { seed: Number(process.env.SEED ?? 1), numRuns: 12 };

/** Answers later the later it stands in the list, so that each vote is counted by itself. */
function oneByOne(cluster: ServiceCluster, index: number) {
  const wait = () =>
    new Promise<void>((resolve) => void cluster.clock.setTimeout(resolve, 50 * index));
  return document<Tree>({}, { prepare: (next) => ('a' in next ? wait() : undefined) });
}

test('P9: a two-phase change is committed by slaves of any name', async () => {
  await fc.assert(
    fc.asyncProperty(anyNames, async (names) => {
      const cluster = new ServiceCluster();
      const master = cluster.master();
      const slaves = names.map((id, index) =>
        cluster.slave(id, { data: oneByOne(cluster, index) }),
      );
      await cluster.start(master, ...slaves);
      await cluster.converge(master, slaves);
      const task = master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied' });
      // Before the heartbeat, which has them vote again and so hides a vote that was lost.
      const { participants, unconfirmed } = await cluster.finish(task, 500);
      assert.equal([...participants].sort(), [...names].sort());
      assert.equal(unconfirmed, []);
      assert.equal(Object.keys(task.status.slaves).sort(), [...names].sort());
      await cluster.converge(master, slaves, 1_000);
      await cluster.stop(...slaves, master);
    }),
    settings,
  );
});

test('P9: the veto of a slave of any name aborts, and says whose it was', async () => {
  await fc.assert(
    fc.asyncProperty(anyNames, async ([refuser = '', ...rest]) => {
      const cluster = new ServiceCluster();
      const master = cluster.master();
      const slaves = [
        cluster.slave(refuser, { data: refusing('a') }),
        ...rest.map((id) => cluster.slave(id)),
      ];
      await cluster.start(master, ...slaves);
      await cluster.converge(master, slaves);
      const error = (await cluster.failure(
        master.node.data.update(setter('a'), TWO_PHASE),
        1_000,
      )) as ReplicationError;
      assert.is(error.code, 'ABORTED');
      const vetoes = Object.entries(error.slaves).filter(([, { stage }]) => stage === 'vetoed');
      assert.equal(
        vetoes.map(([id]) => id),
        [refuser],
      );
      cluster.rules.aborted('a');
      await cluster.stop(...slaves, master);
    }),
    settings,
  );
});

test.run();
