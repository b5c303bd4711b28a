/** Seeded bugs: each breaks what the fuzzer promises to notice. */
import { ReplicationError } from '../../lib/errors.js';
import { messageShapes } from '../../lib/wire/messages.js';
import type { Target } from './target.js';

export interface FuzzBug {
  readonly what: string;
  /** Where it is looked for. */
  readonly target: string;
  spoil(target: Target): Target;
}

/** A field is used before it was checked. */
function trusting(target: Target): Target {
  const original = messageShapes.vote;
  const careless: typeof original = (value, path) => {
    const { reason } = value as { reason: string };
    if (reason !== null) reason.slice(0, 10);
    return original(value, path);
  };
  const give = (shape: typeof original) => Object.assign(messageShapes, { vote: shape });
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
    target: 'message shapes',
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
