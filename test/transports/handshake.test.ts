import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { keysOf, type Secret } from '../../lib/transports/keyring.js';
import {
  type Handshake,
  type HandshakeStep,
  MasterHandshake,
  SlaveHandshake,
} from '../../lib/transports/tcp/handshake.js';

const test = suite('TCP handshake');
const SECRET = 'correct horse battery staple';

function settings(secret: Secret | null, other: string, frameBytesMax = 1000) {
  return { keys: keysOf(secret ?? undefined), frameBytesMax, nonce: randomBytes(32), other };
}

const masterOf = (secret: Secret | null, frameBytesMax?: number) =>
  new MasterHandshake(settings(secret, 'the slave', frameBytesMax), () => null);
const slaveOf = (secret: Secret | null, frameBytesMax?: number) =>
  new SlaveHandshake(settings(secret, 'the master', frameBytesMax));

interface Outcome {
  master: HandshakeStep | null;
  slave: HandshakeStep | null;
}

/** Plays both sides against each other, in pieces of `size` bytes. */
function play(master: Handshake, slave: Handshake, size = 1_000_000): Outcome {
  const outcome: Outcome = { master: null, slave: null };
  let toMaster: Buffer = slave.start() ?? Buffer.alloc(0);
  let toSlave: Buffer = Buffer.alloc(0);
  while (toMaster.length + toSlave.length > 0) {
    const [isMaster, bytes] = toMaster.length > 0 ? [true, toMaster] : [false, toSlave];
    const step = (isMaster ? master : slave).push(bytes.subarray(0, size));
    if (isMaster) toMaster = bytes.subarray(size);
    else toSlave = bytes.subarray(size);
    if (isMaster) toSlave = Buffer.concat([toSlave, step.send ?? Buffer.alloc(0)]);
    else toMaster = Buffer.concat([toMaster, step.send ?? Buffer.alloc(0)]);
    if (!step.done && step.failure === null) continue;
    outcome[isMaster ? 'master' : 'slave'] = step;
    if (isMaster) toMaster = Buffer.alloc(0);
    else toSlave = Buffer.alloc(0);
  }
  return outcome;
}

test('both sides agree, with and without a secret, in pieces of any size', () => {
  for (const secret of [null, SECRET]) {
    for (let size = 1; size <= 80; size += 1) {
      const { master, slave } = play(masterOf(secret), slaveOf(secret), size);
      assert.is(master?.done, true, `master, pieces of ${size}`);
      assert.is(slave?.done, true, `slave, pieces of ${size}`);
    }
  }
});

test('bytes behind the handshake are kept for the frames', () => {
  const master = masterOf(null);
  const hello = slaveOf(null).start();
  const step = master.push(Buffer.concat([hello, Buffer.from('frames')]));
  assert.is(step.done, true);
  assert.is(Buffer.from(master.rest).toString(), 'frames');
});

test('another secret is UNAUTHORIZED on both sides, in words, without the secret', () => {
  const { master, slave } = play(masterOf(SECRET), slaveOf('another secret'));
  for (const failure of [master?.failure, slave?.failure]) {
    assert.is(failure?.code, 'UNAUTHORIZED');
    assert.match(failure?.message ?? '', 'same "secret"');
    assert.not.match(failure?.message ?? '', SECRET);
    assert.not.match(failure?.message ?? '', 'another secret');
  }
});

test('A17: keyrings of neighbouring steps of a rotation agree, whichever side goes first', () => {
  const steps: readonly Secret[] = ['old', ['old', 'new'], ['new', 'old'], ['new'], 'new'];
  for (const [at, before] of steps.entries()) {
    for (const after of steps.slice(at, at + 2)) {
      for (const [ofMaster, ofSlave] of [
        [before, after],
        [after, before],
      ] as const) {
        const { master, slave } = play(masterOf(ofMaster), slaveOf(ofSlave));
        assert.is(master?.done, true, `master ${ofMaster}, slave ${ofSlave}`);
        assert.is(slave?.done, true, `master ${ofMaster}, slave ${ofSlave}`);
      }
    }
  }
});

test('A17: a removed key is refused, and a key that was only accepted is not proved', () => {
  const removed = play(masterOf(['new']), slaveOf(['old', 'new']));
  assert.is(removed.master?.failure?.code, 'UNAUTHORIZED');
  assert.is(removed.slave?.failure?.code, 'UNAUTHORIZED');
  const early = play(masterOf('old'), slaveOf(['new', 'old']));
  assert.is(early.master?.failure?.code, 'UNAUTHORIZED');
});

test('a secret on one side only is UNAUTHORIZED on both sides: no fallback', () => {
  for (const [a, b] of [
    [SECRET, null],
    [null, SECRET],
  ] as const) {
    const { master, slave } = play(masterOf(a), slaveOf(b));
    assert.is(master?.failure?.code, 'UNAUTHORIZED');
    assert.is(slave?.failure?.code, 'UNAUTHORIZED');
  }
});

test('a master that does not know the secret is found out by the slave', () => {
  const slave = slaveOf(SECRET);
  slave.start();
  // It speaks the protocol and wants a secret, but cannot know ours.
  const hello = masterOf('guessed').push(slaveOf('guessed').start()).send ?? Buffer.alloc(0);
  assert.ok(slave.push(hello).send?.length === 32);
  const step = slave.push(Buffer.concat([Buffer.of(0), randomBytes(32)]));
  assert.is(step.failure?.code, 'UNAUTHORIZED');
  assert.match(step.failure?.message ?? '', 'could not prove');
});

test("a slave's proof sent back to it is no proof of a master", () => {
  const slave = slaveOf(SECRET);
  slave.start();
  const hello = masterOf(SECRET).push(slaveOf(SECRET).start()).send ?? Buffer.alloc(0);
  const proof = slave.push(hello).send ?? Buffer.alloc(0);
  const step = slave.push(Buffer.concat([Buffer.of(0), proof]));
  assert.is(step.failure?.code, 'UNAUTHORIZED');
});

test('a proof of one connection is worth nothing on the next', () => {
  const slave = slaveOf(SECRET);
  const hello = slave.start();
  const first = masterOf(SECRET);
  const proof = slave.push(first.push(hello).send ?? Buffer.alloc(0)).send ?? Buffer.alloc(0);
  assert.is(first.push(proof).done, true);
  const second = masterOf(SECRET);
  second.push(hello);
  assert.is(second.push(proof).failure?.code, 'UNAUTHORIZED');
});

test('every flipped bit of either hello or proof is refused or fails', () => {
  for (let bit = 0; bit < (44 + 32) * 8; bit += 1) {
    const master = masterOf(SECRET);
    const slave = slaveOf(SECRET);
    const flip = (bytes: Buffer, from: number) => {
      const at = (bit >>> 3) - from;
      if (at < 0 || at >= bytes.length) return bytes;
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] as number) ^ (1 << (bit & 7));
      return copy;
    };
    let step = master.push(flip(slave.start(), 0));
    if (step.failure === null) {
      const answer = slave.push(step.send ?? Buffer.alloc(0));
      step = master.push(flip(answer.send ?? Buffer.alloc(0), 44));
    }
    assert.is.not(step.failure, null, `bit ${bit} was not noticed`);
    assert.is(step.done, false);
  }
});

test('another protocol version is PROTOCOL on both sides and names both versions', () => {
  const hello = slaveOf(null).start();
  hello[4] = 9;
  const refusal = masterOf(null).push(hello);
  assert.is(refusal.failure?.code, 'PROTOCOL');
  assert.match(refusal.failure?.message ?? '', 'version 9');
  const answer = Buffer.from(refusal.send ?? []);
  answer[4] = 9;
  const seen = slaveOf(null).push(answer);
  assert.is(seen.failure?.code, 'PROTOCOL');
  assert.match(seen.failure?.message ?? '', 'update the older one');
});

test('two masters or two slaves tell each other so', () => {
  const step = slaveOf(null).push(slaveOf(null).start());
  assert.is(step.failure?.code, 'PROTOCOL');
  assert.match(step.failure?.message ?? '', 'is a slave, like this side');
});

test('another frameBytesMax is PROTOCOL on both sides', () => {
  const { master, slave } = play(masterOf(null, 1000), slaveOf(null, 2000));
  for (const step of [master, slave]) {
    assert.is(step?.failure?.code, 'PROTOCOL');
    assert.match(step?.failure?.message ?? '', 'frameBytesMax');
  }
});

test('strangers are refused by their first byte and get no answer', () => {
  const strangers: Array<[Buffer, string]> = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'HTTP'],
    [Buffer.from([0x16, 3, 1, 2, 0]), 'TLS'],
    [Buffer.from('x'), 'other bytes'],
  ];
  for (const [bytes, word] of strangers) {
    const step = masterOf(SECRET).push(bytes);
    assert.is(step.failure?.code, 'PROTOCOL');
    assert.match(step.failure?.message ?? '', word);
    assert.is(step.send, null);
  }
});

test('a refusal by the master reaches the slave with its code', () => {
  const full = new ReplicationError('OVERLOADED', 'full');
  const refusal = new MasterHandshake(settings(null, 'the slave'), () => full);
  const { slave } = play(refusal, slaveOf(null));
  assert.is(slave?.failure?.code, 'OVERLOADED');
  assert.match(slave?.failure?.message ?? '', 'maxConnections');
});

test.run();
