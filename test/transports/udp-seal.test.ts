/** Sealed datagrams (threats A1-A4): what is not whole, ours and new is not taken. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../lib/runtime/random.js';
import { encodeLabel, readLabel } from '../../lib/transports/udp/address-label.js';
import { HEADER_BYTES, KINDS, SALT_BYTES, TAG_BYTES } from '../../lib/transports/udp/datagram.js';
import { datagramKey } from '../../lib/transports/udp/keys.js';
import { Opener } from '../../lib/transports/udp/opener.js';
import { ReplayWindow, WINDOW_DATAGRAMS } from '../../lib/transports/udp/replay-window.js';
import { nonceOf, Sealer } from '../../lib/transports/udp/sealer.js';

const SECRET = Buffer.from('the secret of all nodes');
const BODY = Buffer.from('a frame of the services');

function sealed(secret = SECRET, salt = randomBytes(SALT_BYTES)) {
  return { salt, sealer: new Sealer(datagramKey(secret, salt), salt) };
}

function openerOf(salt: Buffer, floor = 0, secret = SECRET): Opener {
  return new Opener(datagramKey(secret, salt), salt, new ReplayWindow(floor));
}

function seal(sealer: Sealer, body = BODY): Buffer {
  const datagram = sealer.seal(KINDS.frame, [body]);
  assert.ok(datagram);
  return datagram;
}

/** The words for what became of it, or the body as text. */
function fate(opener: Opener, datagram: Buffer): string {
  const opened = opener.glance(datagram) ?? opener.open(datagram);
  return 'body' in opened ? `taken: ${opened.body}` : opened.refused;
}

const test = suite('udp: sealed datagrams');

test('A1: a datagram is encrypted, opens with its key, and takes 48 bytes more than its body', () => {
  const { salt, sealer } = sealed();
  const datagram = seal(sealer);
  assert.is(datagram.length, BODY.length + HEADER_BYTES + TAG_BYTES);
  assert.is(HEADER_BYTES + TAG_BYTES, 48);
  assert.not(datagram.includes(BODY));
  assert.not(datagram.includes(BODY.subarray(0, 8)));
  assert.is(fate(openerOf(salt), datagram), `taken: ${BODY}`);
});

test('A2: with any bit of it flipped it is refused, and the true one is still taken', () => {
  const { salt, sealer } = sealed();
  const datagram = seal(sealer);
  const opener = openerOf(salt);
  const fates = new Map<string, number>();
  for (let bit = 0; bit < datagram.length * 8; bit += 1) {
    const flipped = Buffer.from(datagram);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const what = fate(opener, flipped);
    fates.set(what, (fates.get(what) ?? 0) + 1);
  }
  const stranger = fates.get('stranger') ?? 0;
  const otherStart = fates.get('otherStart') ?? 0;
  const forged = fates.get('forged') ?? 0;
  assert.is(stranger + otherStart + forged, datagram.length * 8, [...fates.keys()].join());
  assert.is(otherStart, SALT_BYTES * 8);
  assert.ok(forged >= (BODY.length + TAG_BYTES) * 8);
  assert.is(fate(opener, datagram), `taken: ${BODY}`);
});

test('A2: cut at any length, or longer by a byte, it is refused', () => {
  const { salt, sealer } = sealed();
  const datagram = seal(sealer);
  const opener = openerOf(salt);
  for (let length = 0; length < datagram.length; length += 1) {
    const what = fate(opener, datagram.subarray(0, length));
    assert.ok(what === 'stranger' || what === 'forged', `${length} bytes: ${what}`);
  }
  assert.is(fate(opener, Buffer.concat([datagram, Buffer.of(0)])), 'forged');
  assert.is(fate(opener, datagram), `taken: ${BODY}`);
});

test('A2: header, body or tag of another datagram of the same key is refused', () => {
  const { salt, sealer } = sealed();
  const [one, two] = [seal(sealer), seal(sealer, Buffer.from('another frame, as long!'))];
  const beacon = sealer.seal(KINDS.beacon, [BODY]);
  assert.ok(beacon);
  const tagAt = one.length - TAG_BYTES;
  const opener = openerOf(salt);
  const mixed = [
    Buffer.concat([two.subarray(0, HEADER_BYTES), one.subarray(HEADER_BYTES)]),
    Buffer.concat([beacon.subarray(0, HEADER_BYTES), one.subarray(HEADER_BYTES)]),
    Buffer.concat([one.subarray(0, tagAt), two.subarray(tagAt)]),
    Buffer.concat([one.subarray(0, HEADER_BYTES), two.subarray(HEADER_BYTES)]),
  ];
  for (const datagram of mixed) assert.is(fate(opener, datagram), 'forged');
});

test('A1: another secret, and another start of the same secret, do not open it', () => {
  const { salt, sealer } = sealed(Buffer.from('another secret'));
  assert.is(fate(openerOf(salt), seal(sealer)), 'forged');
  const other = sealed();
  assert.is(fate(openerOf(randomBytes(SALT_BYTES)), seal(other.sealer)), 'otherStart');
});

test('A3: no nonce comes twice under one key, over many starts', () => {
  const nonces = new Set<string>();
  const salts = new Set<string>();
  const keys = new Set<string>();
  let sent = 0;
  for (let start = 0; start < 50; start += 1) {
    const { salt, sealer } = sealed();
    salts.add(salt.toString('hex'));
    keys.add(datagramKey(SECRET, salt).export().toString('hex'));
    for (let at = 0; at < 200; at += 1) {
      const datagram = seal(sealer);
      sent += 1;
      // Salt and counter, as they stand in the header, are what key and nonce are made of.
      nonces.add(datagram.subarray(8, HEADER_BYTES).toString('hex'));
    }
  }
  assert.is(nonces.size, sent);
  assert.is(salts.size, 50);
  assert.is(keys.size, 50);
  assert.not(nonceOf(1).equals(nonceOf(2 ** 32 + 1)), 'the counter fills more than 32 bits');
});

test('A3: what was taken once is not taken again', () => {
  const { salt, sealer } = sealed();
  const opener = openerOf(salt);
  const datagrams = Array.from({ length: 100 }, () => seal(sealer));
  for (const datagram of datagrams) assert.match(fate(opener, datagram), /^taken/);
  for (const datagram of datagrams) assert.is(fate(opener, datagram), 'replayed');
});

test('A3: out of order by 1 to 2000: once each within the window, refused beyond it', () => {
  const { salt, sealer } = sealed();
  const datagrams = Array.from({ length: 2_001 }, () => seal(sealer));
  const newest = datagrams.at(-1) as Buffer;
  for (let late = 1; late <= 2_000; late += 1) {
    const opener = openerOf(salt);
    const datagram = datagrams[2_000 - late] as Buffer;
    assert.match(fate(opener, newest), /^taken/);
    const wanted = late < WINDOW_DATAGRAMS ? `taken: ${BODY}` : 'replayed';
    assert.is(fate(opener, datagram), wanted, `${late} late`);
    assert.is(fate(opener, datagram), 'replayed', `${late} late, again`);
  }
});

test('A3: in any order each is taken at most once, and all that are not too late', () => {
  const { salt, sealer } = sealed();
  const opener = openerOf(salt);
  const datagrams = Array.from({ length: 5_000 }, () => seal(sealer));
  const random = seededRandom(process.env.SEED ?? 4711, 'order');
  const order = datagrams.map((datagram, at) => ({ datagram, key: at + random() * 900 }));
  order.sort((left, right) => left.key - right.key);
  for (const { datagram } of order) assert.match(fate(opener, datagram), /^taken/);
  for (const { datagram } of order) assert.is(fate(opener, datagram), 'replayed');
});

test('A3: what was sent before a receiver was there is refused, however it arrives', () => {
  const { salt, sealer } = sealed();
  const before = Array.from({ length: 30 }, () => seal(sealer));
  const opener = openerOf(salt, sealer.counter);
  const after = seal(sealer);
  for (const datagram of before) assert.is(fate(opener, datagram), 'replayed');
  assert.match(fate(opener, after), /^taken/);
  for (const datagram of before) assert.is(fate(opener, datagram), 'replayed');
  const known = seal(sealer);
  const missed = seal(sealer);
  assert.match(fate(opener, known), /^taken/);
  opener.window.raise(sealer.counter);
  assert.is(fate(opener, missed), 'replayed', 'left before the stream that told the counter');
});

test('A2: a forged counter far ahead shuts no true datagram out', () => {
  const { salt, sealer } = sealed();
  const opener = openerOf(salt);
  const forged = Buffer.from(seal(sealer));
  forged.writeBigUInt64BE(2n ** 47n, 24);
  assert.is(fate(opener, forged), 'forged');
  assert.match(fate(opener, seal(sealer)), /^taken/);
});

test('P13: a label names all seats up to the newest but those left out, and none that came later', () => {
  const body = Buffer.concat([encodeLabel({ newest: 7, leftOut: [3, 5] }), BODY]);
  const isFor = (seat: number) => readLabel(body, seat)?.isMine;
  assert.equal([1, 2, 3, 4, 5, 6, 7, 8, 9].filter(isFor), [1, 2, 4, 6, 7]);
  assert.is(body.subarray(readLabel(body, 1)?.frameAt).toString(), String(BODY));
  assert.is(encodeLabel({ newest: 2 ** 32 - 1, leftOut: [] }).length, 6);
  for (let length = 0; length < 14; length += 1) {
    assert.is(readLabel(body.subarray(0, length), 1), null, `${length} bytes are no label`);
  }
});

test.run();
