/** A14, S14: the short form of `npm run check:fuzz`. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkFuzz, huntFuzzBug } from './check.js';
import type { Found } from './fuzz.js';
import { tryProcesses } from './processes.js';

const test = suite('fuzz: what others wrote');
const seed = process.env.SEED ?? String(Date.now());

const shown = ({ target, number, what, input }: Found): string =>
  `${target}, input ${number} of seed ${seed}: ${what} ${Buffer.from(input).toString('base64')}`;

test('changed frames and documents are taken or refused with a code, cheaply', async () => {
  const findings: string[] = [];
  const found = (each: Found) => void findings.push(shown(each));
  const figures = await checkFuzz({ seed, frames: 20_000, documents: 3_000, found });
  assert.equal(findings, []);
  assert.ok(figures.frames >= 20_000 && figures.documents >= 3_000);
  for (const { name, inputs, refused } of figures.targets) {
    const isMixed = name === 'master and slave' || name === 'transfer receiver';
    assert.ok(isMixed || refused < inputs, `${name} takes nothing at all: its inputs are noise`);
  }
});

test('the command refuses wrong arguments and broken files in a line of its own', async () => {
  assert.equal(await tryProcesses(seed, 2), []);
});

test('the fuzzer can fail: a field used before it is checked is found', async () => {
  assert.ok((await huntFuzzBug('unchecked-field', seed, 5_000)) !== null, `seed ${seed}`);
});

test.run();
