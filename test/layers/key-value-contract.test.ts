import { suite } from 'uvu';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import type { KeyValueMasterData } from '../../lib/layers/key-value/master.js';
import type { KeyValueSlaveData } from '../../lib/layers/key-value/slave.js';
import { layerContract, type SeededRandom } from '../support/layer-contract.js';

const test = suite('keyValue: contract of user layers');
const KEYS = Array.from({ length: 40 }, (_, index) => `key-${index}-${'x'.repeat(index % 17)}`);

function randomValue(random: SeededRandom): unknown {
  const word = 'wörter und Zeichen 🙂 '.repeat(random.below(4));
  return random.pick<unknown>([
    random.below(5),
    word,
    { at: new Date(random.below(9)) },
    undefined,
  ]);
}

layerContract<KeyValueMasterData<unknown>, KeyValueSlaveData<unknown>>(test, {
  name: 'keyValue',
  definition: () => keyValue(),
  change(data, random) {
    const key = random.pick(KEYS);
    if (random.chance(0.3)) data.delete(key);
    else if (random.chance(0.7)) data.set(key, randomValue(random));
    else {
      const more = [0, 1, 2, 3].map(() => random.pick(KEYS));
      data.batch(
        more.map((each) =>
          random.chance(0.3)
            ? { op: 'delete', key: each }
            : { op: 'set', key: each, value: randomValue(random) },
        ),
      );
    }
  },
  content: (data) => JSON.stringify([...data.entries()]),
  backwards: false,
});

test.run();
