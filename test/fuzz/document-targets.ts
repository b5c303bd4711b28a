/** Everything that reads documents: values of the codec, JSON files, payloads, arguments. */
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import fc from 'fast-check';
import { EXIT } from '../../lib/cli/exit-codes.js';
import { reportFailure } from '../../lib/cli/failure.js';
import { parseJson } from '../../lib/cli/parse-json.js';
import { makeProgram } from '../../lib/cli/program.js';
import { decodeValue, encodeValue } from '../../lib/codec/values.js';
import { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import type { Random } from '../../lib/runtime/random.js';
import type { Position } from '../../machines/protocol.js';
import { plainValue, richValue } from '../support/layer-values.js';
import type { Body, Corpus } from './corpus.js';
import { below, extreme, mutate, mutateJson, pick } from './mutate.js';
import { Finding, type Target } from './target.js';

const EXTREME_LENGTH_MAX = 128 * 1024;
const SAMPLES = 2000;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What is known to hurt superjson and readers like it, beside what mutation finds. */
const ANNOTATIONS: readonly unknown[] = [
  ['undefined'],
  ['map'],
  ['set'],
  ['Date'],
  ['bigint'],
  ['regexp'],
  ['custom', 'pairs'],
  ['custom', 'bytes'],
  [['typed-array', 'Float64Array']],
  { a: ['undefined'], 'a.b': ['map'] },
];

function changedText(text: string, random: Random): string {
  const [tag = 'j'] = text;
  if (random() < 0.5) {
    try {
      return tag + JSON.stringify(mutateJson(JSON.parse(text.slice(1)), random));
    } catch {
      return text.slice(1);
    }
  }
  const envelope = {
    json: mutateJson({ a: [1, 'x', []] }, random),
    meta: pick(ANNOTATIONS, random),
  };
  return `s${JSON.stringify(random() < 0.5 ? envelope : mutateJson(envelope, random))}`;
}

function codecTarget(seed: number): Target {
  const values = fc.sample(fc.oneof(plainValue, richValue), { numRuns: SAMPLES, seed });
  const texts = values.map((value) => encodeValue(value));
  const corpus = texts.map(encode);
  return {
    name: 'codec',
    family: 'documents',
    share: 0.6,
    make: (random) => {
      const roll = random();
      if (roll < 0.5) return encode(changedText(pick(texts, random), random));
      if (roll < 0.995) return mutate(pick(corpus, random), pick(corpus, random), random);
      return encode(pick(['j', 's', 's{"json":'], random) + extreme(random, EXTREME_LENGTH_MAX));
    },
    read: (input) => {
      const value = decodeValue(decode(input));
      // What was taken has to be whole: it goes out again, and comes back the same.
      const text = encodeValue(value);
      if (encodeValue(decodeValue(text)) !== text) throw new Finding('it does not come back');
    },
  };
}

function fileTarget(seed: number): Target {
  const values = fc.sample(plainValue, { numRuns: SAMPLES, seed });
  const files = values.map((value, at) => encode(JSON.stringify(value, null, at % 3)));
  return {
    name: 'JSON files',
    family: 'documents',
    share: 0.25,
    make: (random) => {
      if (random() < 0.995) return mutate(pick(files, random), pick(files, random), random);
      const text = extreme(random, EXTREME_LENGTH_MAX);
      return encode(text.slice(0, below(random, text.length + 1)));
    },
    read: (input) => {
      const parsed = parseJson(input);
      if ('problem' in parsed && parsed.problem === '')
        throw new Finding('refused without a reason');
    },
  };
}

const POSITION: Position = {
  lineage: 'l',
  epoch: { term: 1, start: 1 },
  version: 9,
  digest: 'd',
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Payloads of real frames, read by the layer they are for: as an increment, as a whole state. */
/** Which layer reads it, and as what. */
function choiceOf({ item, isState }: Body): number {
  return (item === 'tree' ? 1 : 0) + (isState ? 2 : 0);
}

function payloadTarget(bodies: readonly Body[]): Target {
  const open = () => [document().createSlaveLayer(), keyValue().createSlaveLayer()] as const;
  return {
    name: 'payloads',
    family: 'documents',
    share: 0.1,
    make: (random) => {
      const body = pick(bodies, random);
      const changed =
        random() < 0.95 ? mutate(body.bytes, pick(bodies, random).bytes, random) : body.bytes;
      const choice = random() < 0.85 ? choiceOf(body) : below(random, 4);
      return new Uint8Array([choice, ...changed]);
    },
    read: async (input) => {
      const [tree, table] = open();
      const [choice = 0] = input;
      const layer = choice & 1 ? tree : table;
      const bytes = input.subarray(1);
      if (choice & 2) {
        await layer.installSnapshot(once(bytes), POSITION, { durability: 'memory' });
      } else {
        const delta = layer.codec?.decode(bytes);
        await layer.prepare('round', delta as never, POSITION);
        await layer.abort('round');
      }
    },
  };
}

const WORDS = [
  ...['master', 'slave', 'status', 'demo', 'help', 'settings.json', '--', '-', ''],
  ...['--listen', '--connect', '--out', '--item', '--id', '--store', '--json', '--two-phase'],
  ...['--heartbeat', '--vote-timeout', '--secret-file', '--insecure', '--once', '--version'],
  ...['--help', '--validate', '--listen=', '--heartbeat=0', '--prepare-timeout', '-V', '-h'],
  ...['127.0.0.1:7400', '[::1]:1', '[::1', ':::', '1.2.3.4:99999', 'a:0', '0', '-1', '1e9', '9'],
  ...['\u0000', 'x'.repeat(300), '\ud800', '../..', '--constructor', '--__proto__', '__proto__'],
];

function quiet(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** The commands parse, and do nothing. */
function disarm(command: Command): void {
  command.action(() => undefined);
  for (const each of command.commands) disarm(each);
}

function argumentTarget(): Target {
  const streams = { stdout: quiet(), stderr: quiet(), env: {} };
  return {
    name: 'arguments',
    family: 'documents',
    share: 0.05,
    make: (random) => {
      const words = Array.from({ length: below(random, 7) }, () => {
        const word = encode(pick(WORDS, random));
        return random() < 0.7 ? word : mutate(word, encode(pick(WORDS, random)), random);
      });
      return encode(words.map(decode).join('\n'));
    },
    read: async (input) => {
      const program = makeProgram(streams);
      disarm(program);
      try {
        await program.parseAsync(decode(input).split('\n'), { from: 'user' });
      } catch (thrown) {
        const code = reportFailure(thrown, streams, false);
        if (code === EXIT.failed && !(thrown instanceof ReplicationError)) throw thrown;
      }
    },
  };
}

export function documentTargets(corpus: Corpus, seed: number): Target[] {
  const bodies = corpus.bodies;
  return [codecTarget(seed), fileTarget(seed), payloadTarget(bodies), argumentTarget()];
}
