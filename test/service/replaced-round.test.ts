/** Claims 27, 35: a user layer that was asked hears the end of that round, whatever comes next. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { document } from '../../lib/layers/document/document.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: rounds that replace each other (claims 27, 35)');

/** Notes what it is asked and told; thinks for good about a tree that has the key `slow`. */
function noting(notes: string[]) {
  const data = document<Tree>(
    {},
    { prepare: (next) => ('slow' in next ? new Promise<void>(() => {}) : undefined) },
  );
  return {
    ...data,
    createSlaveLayer: () => {
      const layer = data.createSlaveLayer();
      const prepare = layer.prepare.bind(layer);
      const abort = layer.abort.bind(layer);
      layer.prepare = (round, ...rest) => {
        notes.push(`prepare ${round}`);
        return prepare(round, ...rest);
      };
      layer.abort = (round) => {
        notes.push(`abort ${round}`);
        return abort(round);
      };
      return layer;
    },
  };
}

test('a successor asks before its reign is on disk, and the layer still thinks', async () => {
  const cluster = new ServiceCluster();
  const [masterDisk, slaveDisk] = [new ServiceDisk(), new ServiceDisk()];
  const notes: string[] = [];
  const first = cluster.master({ disk: masterDisk, voteTimeout: 60_000 });
  const slave = cluster.slave('s1', {
    data: noting(notes),
    disk: slaveDisk,
    prepareTimeout: 60_000,
  });
  await cluster.start(first, slave);
  await cluster.converge(first, [slave]);
  const lost = first.node.data.update(setter('slow'), TWO_PHASE);
  lost.then(
    () => {},
    () => {},
  );
  await cluster.until('the layer thinks', () => notes.length === 1);
  const [asked = ''] = notes;
  first.kill('process');
  let release = (): void => {};
  slaveDisk.before = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  const second = cluster.master({ disk: masterDisk, voteTimeout: 3_000 });
  await cluster.start(second);
  await cluster.until('it is connected', () => second.node.slaves()[0]?.link === 'live', 10_000);
  const task = second.node.data.update(setter('a'), TWO_PHASE);
  await cluster.clock.pass(200);
  slaveDisk.before = () => {};
  release();
  const { participants } = await cluster.finish(task, 2_500);
  assert.equal(participants, ['s1']);
  assert.is(notes[1], asked.replace('prepare', 'abort'));
  assert.is(notes.length, 3);
  assert.match(notes[2] ?? '', /^prepare /);
  await cluster.converge(second, [slave]);
});

test.run();
