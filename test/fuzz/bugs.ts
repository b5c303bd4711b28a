/** Seeded bugs: each breaks what the fuzzer promises to notice. */
import { ReplicationError } from '../../lib/errors.js';
import { messageReaders } from '../../lib/wire/read-message.js';
import { ANSWERS } from '../../lib/wire/words.js';
import type { Target } from './target.js';

export interface FuzzBug {
  readonly what: string;
  /** Where it is looked for. */
  readonly target: string;
  spoil(target: Target): Target;
}

/** A field is used before it was checked: the answer of a vote, which is its first. */
function trusting(target: Target): Target {
  const original = messageReaders.vote;
  const careless: typeof original = (reader, envelope) => {
    const { at } = reader;
    const answer = ANSWERS[reader.byte()] as string;
    if (answer.length > 3) throw new ReplicationError('PROTOCOL', 'no answer is as long');
    reader.at = at;
    return original(reader, envelope);
  };
  const give = (vote: typeof original) => Object.assign(messageReaders, { vote });
  const read = (input: Uint8Array) => {
    give(careless);
    try {
      return target.read(input);
    } finally {
      give(original);
    }
  };
  return { ...target, read };
}

/** Each byte is compared with a share of all others. */
function quadratic(target: Target): Target {
  const read = (input: Uint8Array) => {
    let same = 0;
    for (const left of input) {
      for (let at = 0; at < input.length; at += 16) if (left === input[at]) same += 1;
    }
    if (same < 0) throw new ReplicationError('PROTOCOL', 'never');
    return target.read(input);
  };
  return { ...target, read };
}

/** Everything that was ever received is kept, twice over. */
function hoarding(target: Target): Target {
  const kept: Uint8Array[] = [];
  const read = (input: Uint8Array) => {
    kept.push(new Uint8Array(4096).fill(1), input.slice());
    return target.read(input);
  };
  return { ...target, read };
}

export const BUGS: Readonly<Record<string, FuzzBug>> = {
  'unchecked-field': {
    what: 'a field of a message is used before it is checked',
    target: 'message fields',
    spoil: trusting,
  },
  'quadratic-time': {
    what: 'the time grows with the square of the length',
    target: 'codec',
    spoil: quadratic,
  },
  'kept-input': {
    what: 'what was read is never let go',
    target: 'framing of a stream',
    spoil: hoarding,
  },
};
