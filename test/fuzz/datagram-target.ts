/** What UDP reads of others: datagrams, the labels in them, and the greetings on the stream. */
import { Buffer } from 'node:buffer';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { encodeLabel, readLabel } from '../../lib/transports/udp/address-label.js';
import { KINDS, SALT_BYTES } from '../../lib/transports/udp/datagram.js';
import {
  CHALLENGE_BYTES,
  encodeChallenge,
  encodeTerms,
  readChallenge,
  readTerms,
} from '../../lib/transports/udp/greeting.js';
import { datagramKey } from '../../lib/transports/udp/keys.js';
import { Receiver } from '../../lib/transports/udp/receiver.js';
import { Sealer } from '../../lib/transports/udp/sealer.js';
import { mutate, pick } from './mutate.js';
import { Finding, type Target } from './target.js';

const SECRET = Buffer.from('the secret of the fuzzer');
const SALT = Buffer.alloc(SALT_BYTES, 7);
const CHALLENGE = Buffer.alloc(CHALLENGE_BYTES, 9);
const TERMS = { group: '239.1.2.3', port: 7400, seat: 3, counter: 0, salt: SALT, mark: SALT };
const FRAME = Buffer.from('a frame of the services');

/** What tells a greeting from a datagram. */
const GREETING_AT = 3;
const GREETING_BYTE = encodeChallenge(CHALLENGE)[GREETING_AT];

function corpus(): readonly Buffer[] {
  const sealer = new Sealer(datagramKey(SECRET, SALT), SALT);
  const labels = [[], [1], [3], [1, 2, 4]].map((leftOut) => encodeLabel({ newest: 5, leftOut }));
  const datagrams = labels.map((label) => sealer.seal(KINDS.frame, [label, FRAME]) as Buffer);
  const greetings = [encodeChallenge(CHALLENGE), encodeTerms(TERMS, CHALLENGE, SECRET)];
  return [...datagrams, ...labels, ...greetings];
}

/** A slave that takes any good datagram again, since it follows anew each time. */
function taken(input: Buffer): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  const receiver = new Receiver(new VirtualClock(), {
    heard: () => undefined,
    listens: () => true,
    flooded: () => undefined,
    frame: (frame) => frames.push(frame),
    troubled: () => undefined,
  });
  receiver.follow(TERMS, SECRET);
  receiver.take(input, '10.0.0.1');
  return frames;
}

export function datagramTarget(): Target {
  const known = corpus();
  return {
    name: 'datagrams and greetings',
    family: 'frames',
    share: 0.02,
    make: (random) => mutate(pick(known, random), pick(known, random), random),
    read: (input) => {
      const bytes = Buffer.from(input);
      if (taken(bytes).some((frame) => !FRAME.equals(frame))) {
        throw new Finding('a frame was taken that nobody sealed');
      }
      readLabel(bytes, TERMS.seat);
      if (bytes[GREETING_AT] !== GREETING_BYTE) return;
      if (bytes.length <= 2 * CHALLENGE_BYTES) readChallenge(bytes, 'a slave');
      else readTerms(bytes, CHALLENGE, [SECRET], 'a master');
    },
  };
}
