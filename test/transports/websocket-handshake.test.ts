/** Two pure machines and what a stranger, a forger or a mirror can do between them. */
import { createHmac, randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { HELLO_BYTES } from '../../lib/transports/hello.js';
import {
  type HandshakeStep,
  MasterHandshake,
  SlaveHandshake,
} from '../../lib/transports/websocket/handshake.js';
import { encodeHello } from '../../lib/transports/websocket/hello.js';
import { proofOf } from '../../lib/transports/websocket/proof.js';

const test = suite('WebSocket handshake');
const LIMIT = 4096;
const key = (text: string): Uint8Array => new TextEncoder().encode(text);

function sidesOf(slaveKeys: string[], masterKeys: string[], admit: () => void = () => {}) {
  const common = { frameBytesMax: LIMIT };
  const settings = (keys: string[], other: string) => ({
    ...common,
    keys: keys.map(key),
    nonce: randomBytes(32),
    other,
  });
  return {
    slave: new SlaveHandshake(settings(slaveKeys, 'the master')),
    master: new MasterHandshake(settings(masterKeys, 'the slave'), admit),
  };
}

/** Runs both to their end; returns how many messages it took. */
function shake({ slave, master }: ReturnType<typeof sidesOf>): number {
  let message: Uint8Array | null = slave.start();
  for (let count = 1; count < 10; count += 1) {
    const side = count % 2 === 1 ? master : slave;
    if (message === null) throw new Error('nobody has anything to say');
    const step: HandshakeStep = side.take(message);
    message = step.send;
    if (step.done && side === slave) return count;
  }
  throw new Error('it does not end');
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return thrown.code;
    throw thrown;
  }
  return 'none';
}

test('without a secret two messages do, with one four', () => {
  assert.is(shake(sidesOf([], [])), 2);
  assert.is(shake(sidesOf(['k'], ['k'])), 4);
});

test('A17: any two neighbouring steps of a rotation understand each other', () => {
  const steps = [['old'], ['old', 'new'], ['new', 'old'], ['new']];
  for (let at = 0; at + 1 < steps.length; at += 1) {
    const [one, next] = [steps[at] as string[], steps[at + 1] as string[]];
    for (const [slave, master] of [
      [one, one],
      [one, next],
      [next, one],
    ] as const) {
      assert.is(shake(sidesOf([...slave], [...master])), 4, `${slave} with ${master}`);
    }
  }
  assert.is(
    codeOf(() => shake(sidesOf(['old'], ['new']))),
    'UNAUTHORIZED',
  );
});

test('another secret, or one side without, is UNAUTHORIZED; there is no fallback', () => {
  assert.is(
    codeOf(() => shake(sidesOf(['a'], ['b']))),
    'UNAUTHORIZED',
  );
  assert.is(
    codeOf(() => shake(sidesOf([], ['b']))),
    'UNAUTHORIZED',
  );
  assert.is(
    codeOf(() => shake(sidesOf(['a'], []))),
    'UNAUTHORIZED',
  );
});

test('a master that only mirrors the slave proves nothing', () => {
  const { slave, master } = sidesOf(['k'], ['k']);
  const masterHello = master.take(slave.start()).send;
  if (masterHello === null) throw new Error('no hello');
  const proof = slave.take(masterHello).send;
  if (proof === null) throw new Error('no proof');
  assert.is(
    codeOf(() => slave.take(proof)),
    'UNAUTHORIZED',
  );
});

test('a proof that was recorded is worth nothing in the next connection', () => {
  const first = sidesOf(['k'], ['k']);
  const hello = first.slave.start();
  const recorded = first.slave.take(first.master.take(hello).send as Uint8Array).send;
  const second = sidesOf(['k'], ['k']);
  second.master.take(hello);
  assert.is(
    codeOf(() => second.master.take(recorded as Uint8Array)),
    'UNAUTHORIZED',
  );
});

test('any flipped bit of any message is refused', () => {
  for (let bit = 0; bit < HELLO_BYTES * 8; bit += 1) {
    const { slave, master } = sidesOf(['k'], ['k']);
    const hello = Uint8Array.from(slave.start());
    hello[bit >> 3] = (hello[bit >> 3] as number) ^ (1 << (bit & 7));
    const run = () => {
      const answer = master.take(hello).send as Uint8Array;
      return master.take(slave.take(answer).send as Uint8Array);
    };
    assert.ok(['PROTOCOL', 'UNAUTHORIZED'].includes(codeOf(run)), `bit ${bit}`);
  }
});

test('other bytes, another version, another limit, the same role: PROTOCOL with words', () => {
  const nonce = randomBytes(32);
  const hello = (role: 'slave' | 'master', frameBytesMax: number) =>
    encodeHello({ role, secret: false, frameBytesMax, nonce });
  const newer = hello('slave', LIMIT);
  newer[4] = 9;
  const cases: Array<[Uint8Array, RegExp]> = [
    [new Uint8Array(0), /does not speak this protocol/],
    [randomBytes(44).fill(1, 0, 4), /does not speak this protocol/],
    [newer, /version 9.*update the older/],
    [newer.subarray(0, 12), /version 9/],
    [Uint8Array.from([...hello('slave', LIMIT), 0]), /hello of 45 bytes/],
    [hello('slave', LIMIT + 1), /frameBytesMax 4097/],
    [hello('master', LIMIT), /is a master, like this side/],
  ];
  for (const [bytes, words] of cases) {
    assert.throws(
      () => sidesOf([], []).master.take(bytes),
      (error: unknown) =>
        error instanceof ReplicationError && error.code === 'PROTOCOL' && words.test(error.message),
    );
  }
});

test('who is not admitted is refused after it proved itself, not before', () => {
  let asked = 0;
  const full = () => {
    asked += 1;
    throw new ReplicationError('OVERLOADED', 'full');
  };
  assert.is(
    codeOf(() => shake(sidesOf(['a'], ['b'], full))),
    'UNAUTHORIZED',
  );
  assert.is(asked, 0);
  assert.is(
    codeOf(() => shake(sidesOf(['k'], ['k'], full))),
    'OVERLOADED',
  );
});

test('the portable HMAC is that of node:crypto', () => {
  const [slave, master] = [randomBytes(44), randomBytes(44)];
  const wanted = createHmac('sha256', 'k')
    .update('replichart websocket 1 slave\u0000')
    .update(slave)
    .update(master)
    .digest();
  assert.equal(Buffer.from(proofOf(key('k'), 'slave', slave, master)), wanted);
});

test.run();
