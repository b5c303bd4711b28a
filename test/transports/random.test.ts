import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../lib/runtime/random.js';

const test = suite('seeded randomness');
const draw = (seed: string | number, stream: string, count: number) => {
  const random = seededRandom(seed, stream);
  return Array.from({ length: count }, random);
};

test('one seed and stream give one sequence; another of either gives another', () => {
  assert.equal(draw(1, 'a', 20), draw(1, 'a', 20));
  for (const [seed, stream] of [
    [2, 'a'],
    [1, 'b'],
    ['1a', ''],
  ] as const) {
    assert.not.equal(draw(1, 'a', 20), draw(seed, stream, 20));
  }
});

test('numbers fill 0 to 1 evenly, and neighbouring seeds are unrelated', () => {
  const count = 100_000;
  const values = draw('even', '', count);
  const bins = new Array<number>(16).fill(0);
  for (const value of values) {
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 16)] = (bins[Math.floor(value * 16)] ?? 0) + 1;
  }
  // 15 degrees of freedom: above 50 is a chance of about one in 100,000, and the seed is fixed.
  const expected = count / 16;
  const chi = bins.reduce((sum, bin) => sum + (bin - expected) ** 2 / expected, 0);
  assert.ok(chi < 50, `chi-square ${chi}`);
  const firsts = Array.from({ length: 1_000 }, (_, seed) => seededRandom(seed)());
  assert.is(new Set(firsts).size, 1_000);
  const mean = firsts.reduce((sum, value) => sum + value, 0) / 1_000;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `mean of first numbers ${mean}`);
});

test.run();
