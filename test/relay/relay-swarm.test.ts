/** T03 for trees: masters, relays and leaves die, move and return; S1-S9 hold, L2-L3 in the end. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RelaySwarm, type SwarmFigures } from '../support/relay-swarm.js';

const test = suite('relay: swarm');
const SEEDS = Number(process.env.RELAY_SEEDS ?? 6);
const FIRST = Number(process.env.RELAY_SEED ?? 1);

test('S1-S9, S12, L2, L3: a tree of depth three over bad links', async () => {
  const sum: SwarmFigures = { acknowledged: 0, aborted: 0, vetoed: 0, killed: 0, moved: 0 };
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const swarm = new RelaySwarm(seed);
    try {
      await swarm.live(40);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`);
    }
    for (const key of Object.keys(sum) as (keyof SwarmFigures)[]) sum[key] += swarm.figures[key];
  }
  if (process.env.RELAY_SEEDS !== undefined) process.stdout.write(`${JSON.stringify(sum)}\n`);
  for (const [name, count] of Object.entries(sum)) assert.ok(count >= 1, `nothing was ${name}`);
});

test.run();
