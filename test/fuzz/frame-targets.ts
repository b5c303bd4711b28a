/** Everything that reads bytes of a peer: handshake, framing, frames, transfers, both machines. */
import { ReplicationError } from '../../lib/errors.js';
import { seededRandom } from '../../lib/runtime/random.js';
import { TransferReceiver } from '../../lib/service/transfer-receiver.js';
import { NONCE_BYTES } from '../../lib/transports/hello.js';
import { keysOf } from '../../lib/transports/keyring.js';
import { FrameReader } from '../../lib/transports/tcp/framing.js';
import { MasterHandshake, SlaveHandshake } from '../../lib/transports/tcp/handshake.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { HeadReader } from '../../lib/wire/head-reader.js';
import { messageReaders } from '../../lib/wire/read-message.js';
import { KINDS } from '../../lib/wire/words.js';
import type { ChunkMessage, Enveloped, Message } from '../../machines/protocol.js';
import { type Corpus, SECRET } from './corpus.js';
import { datagramTarget } from './datagram-target.js';
import { below, mutate, pick } from './mutate.js';
import { extremeFrame, hostileFrame, partsOf } from './sealed-frame.js';
import { Finding, type Target } from './target.js';

const FRAME_BYTES_MAX = 4 * 1024 * 1024;
const EXTREME_BYTES_MAX = 128 * 1024;

/** Refused with the one code there is for it, or whole. */
function strictly(frame: Uint8Array): Enveloped {
  try {
    const message = decodeFrame(frame);
    if (Object.getPrototypeOf(message) !== Object.prototype) throw new Finding('another prototype');
    return message;
  } catch (thrown) {
    if (!(thrown instanceof ReplicationError) || thrown.code === 'PROTOCOL') throw thrown;
    throw new Finding(`refused with ${thrown.code}`);
  }
}

function decode(frame: Uint8Array): Enveloped | null {
  try {
    return strictly(frame);
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return null;
    throw thrown;
  }
}

function frameTarget({ frames }: Corpus): Target {
  return {
    name: 'frame decoder',
    family: 'frames',
    share: 0.43,
    make: (random) => {
      const roll = random();
      if (roll < 0.6) return hostileFrame(frames, random);
      if (roll < 0.9995) return mutate(pick(frames, random), pick(frames, random), random);
      return extremeFrame(frames, random, EXTREME_BYTES_MAX);
    },
    read: (input) => void strictly(input),
  };
}

/** Cut at places that only depend on the input, so that a finding is its bytes alone. */
function* pieces(input: Uint8Array): Generator<Uint8Array> {
  const random = seededRandom(input.length, String(input[input.length >> 1]));
  for (let at = 0; at < input.length; ) {
    const length = random() < 0.5 ? 1 + below(random, 16) : 1 + below(random, 4096);
    yield input.subarray(at, at + length);
    at += length;
  }
}

function streamTarget({ frames }: Corpus): Target {
  const header = (length: number): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, length);
    return bytes;
  };
  return {
    name: 'framing of a stream',
    family: 'frames',
    share: 0.2,
    make: (random) => {
      const parts = Array.from({ length: 1 + below(random, 3) }, () => pick(frames, random));
      const stream = new Uint8Array(
        Buffer.concat(parts.flatMap((frame) => [header(frame.length), frame])),
      );
      return mutate(stream, pick(frames, random), random);
    },
    read: (input) => {
      const reader = new FrameReader(FRAME_BYTES_MAX);
      const whole: Uint8Array[] = [];
      for (const piece of pieces(input)) reader.push(piece, whole);
      const bytes = whole.reduce((sum, frame) => sum + frame.length + 4, 0);
      if (bytes > input.length) throw new Finding('more came out than went in');
      for (const frame of whole) decode(frame);
    },
  };
}

function handshakeTarget(corpus: Corpus): Target {
  const nonce = new Uint8Array(NONCE_BYTES).fill(7);
  const settings = (secret: string | null) => ({
    // A keyring: every key of it is a way in that must not open.
    keys: keysOf(secret === null ? undefined : [secret, 'the next key']),
    frameBytesMax: FRAME_BYTES_MAX,
    nonce,
    other: 'the fuzzer',
  });
  return {
    name: 'handshake',
    family: 'frames',
    share: 0.15,
    make: (random) => {
      const said = pick(corpus.handshakes, random);
      const changed = mutate(said.stream, pick(corpus.handshakes, random).stream, random);
      // Two bits in front: whose hand it is, and whether we have a secret.
      return new Uint8Array([below(random, 4), ...changed]);
    },
    read: (input) => {
      const [choice = 0] = input;
      const secret = choice & 1 ? SECRET : null;
      const hand =
        choice & 2
          ? new MasterHandshake(settings(secret), () => null)
          : new SlaveHandshake(settings(secret));
      hand.start();
      for (const piece of pieces(input.subarray(1))) {
        const { done, failure } = hand.push(piece);
        if (done && secret !== null) throw new Finding('it was let in without the secret');
        if (failure !== null) throw failure;
        if (done) return;
      }
    },
  };
}

function receiver() {
  const streams: AsyncIterable<Uint8Array>[] = [];
  const made = new TransferReceiver({
    send: () => undefined,
    deltaArrived: () => undefined,
    snapshotBegan: ({ build }) => streams.push(made.chunks(build)),
    progressed: () => undefined,
    lost: () => undefined,
  });
  made.request({ position: null, firm: null, round: null });
  return made;
}

function isChunk(message: Message): message is ChunkMessage {
  return message.kind === 'delta' || message.kind === 'snapshot';
}

/** Parts in any order, of several builds, with any flags; a fresh receiver now and then. */
function transferTarget({ masterFrames }: Corpus): Target {
  const chunks = masterFrames.filter((frame) => isChunk(decodeFrame(frame)));
  if (chunks.length === 0) throw new Error('the recorded talk has no transfer in it');
  let made = receiver();
  let taken = 0;
  return {
    name: 'transfer receiver',
    family: 'frames',
    share: 0.15,
    make: (random) => hostileFrame(chunks, random),
    read: (input) => {
      const message = decode(input);
      if (message === null || !isChunk(message)) return;
      taken += 1;
      if (taken % 64 === 0) made = receiver();
      made.receive(message);
    },
  };
}

/** Any bytes as the fields of any message, without a frame around them: nothing was checked yet. */
function fieldsTarget({ frames }: Corpus): Target {
  const [first] = frames;
  if (first === undefined) throw new Error('no frame was recorded');
  const { envelope } = decodeFrame(first);
  return {
    name: 'message fields',
    family: 'frames',
    share: 0.05,
    make: (random) => {
      const { message } = partsOf(pick(frames, random));
      if (random() < 0.1) return mutate(message, partsOf(pick(frames, random)).message, random);
      const [kind = 0] = message;
      const fields = mutate(message.slice(1), message, random);
      return new Uint8Array([kind, ...fields]);
    },
    read: (input) => {
      const kind = KINDS[input[0] ?? 0] ?? 'hello';
      const reader = new HeadReader(input, 1, input.length, envelope);
      messageReaders[kind](reader, envelope);
      reader.finish();
    },
  };
}

export function frameTargets(corpus: Corpus): Target[] {
  return [
    frameTarget(corpus),
    streamTarget(corpus),
    handshakeTarget(corpus),
    transferTarget(corpus),
    fieldsTarget(corpus),
    datagramTarget(),
  ];
}
