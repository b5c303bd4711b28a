/** Each experiment of the playground shows what its text says. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PlayCluster } from '../../../lib/inspector/playground/cluster.js';
import { EXPERIMENTS, makeStage } from '../../../lib/inspector/playground/experiments.js';
import { VirtualClock } from '../../../lib/testing/virtual-clock.js';

const test = suite('playground experiments');

/** What must have been told, and how many changes were made and refused. */
const SHOWS: Readonly<
  Record<
    string,
    { readonly tells: readonly RegExp[]; readonly made: number; readonly refused: number }
  >
> = {
  veto: { tells: [/not made: .*slave-1.*nearly full/], made: 0, refused: 1 },
  partition: { tells: [/not made: .*slave-1/, /stale/, /current again/], made: 1, refused: 1 },
  decision: {
    tells: [/died before it sent a commit/, /in doubt/, /Nothing was lost/],
    made: 0,
    refused: 0,
  },
  lossy: { tells: [/All copies are equal/], made: 10, refused: 0 },
  slow: {
    tells: [/after 1[2-9]\d\d ms/, /slave-1 follows/, /All copies are equal/],
    made: 2,
    refused: 0,
  },
};

for (const { id, play } of EXPERIMENTS) {
  test(`${id} ends as it says, at full speed and in slow motion`, async () => {
    const clock = new VirtualClock();
    const cluster = new PlayCluster({ clock, seed: `experiment ${id}` });
    const told: string[] = [];
    const run = async () => {
      await cluster.start();
      await play(makeStage(cluster, (text) => void told.push(text)));
      cluster.setRate(0.1);
      await play(makeStage(cluster, () => undefined));
    };
    let isOver = false;
    const running = run().finally(() => {
      isOver = true;
    });
    running.catch(() => undefined);
    assert.ok(await clock.passUntil(() => isOver, 2_000_000), told.join('\n'));
    await running;
    const shows = SHOWS[id];
    assert.ok(shows, `nothing is demanded of ${id}`);
    for (const expected of shows.tells) assert.match(told.join('\n'), expected);
    const count = (state: string) => cluster.changes.filter((each) => each.state === state).length;
    assert.equal([count('made'), count('refused')], [shows.made * 2, shows.refused * 2]);
    assert.ok(await clock.passUntil(() => cluster.isInStep, 300_000));
    const stopping = cluster.stop();
    await clock.pass(5000);
    await stopping;
  });
}

test.run();
