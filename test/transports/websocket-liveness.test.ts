/** Who is silent is asked; who does not answer is left. On a channel and a clock of the test's. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import {
  type Channel,
  type ChannelListener,
  NOBODY,
} from '../../lib/transports/websocket/channel.js';
import { Connection } from '../../lib/transports/websocket/connection.js';
import { settingsOf } from '../../lib/transports/websocket/settings.js';

const test = suite('WebSocket: signs of life');

class StillChannel implements Channel {
  listener: ChannelListener = NOBODY;
  bufferedBytes = 0;
  pings = 0;
  readonly closes: number[] = [];

  send(message: Uint8Array): void {
    this.bufferedBytes += message.length;
  }

  close(code: number): void {
    this.closes.push(code);
  }

  destroy(): void {
    queueMicrotask(() => this.listener.closed({ code: 1006 }));
  }

  ping(): void {
    this.pings += 1;
  }
}

function setup() {
  const clock = new VirtualClock();
  const channel = new StillChannel();
  const ends: Array<ReplicationError | null> = [];
  const drains: string[] = [];
  const settings = settingsOf('the test', {
    clock,
    frameBytesMax: 100,
    highWaterBytes: 1000,
    outboundBytesMax: 1200,
    stallTimeoutMs: 500,
  });
  const connection = new Connection(channel, 'peer', settings, {
    received: () => undefined,
    drained: (peer) => void drains.push(peer),
    ended: (_, error) => void ends.push(error),
  });
  return { clock, channel, connection, ends, drains };
}

const settle = () => new Promise(setImmediate);

test('the first silence is asked about, the second one in a row ends it', async () => {
  const { channel, connection, ends } = setup();
  connection.checkAlive();
  assert.is(channel.pings, 0, 'it just joined');
  connection.checkAlive();
  assert.is(channel.pings, 1);
  channel.listener.alive();
  connection.checkAlive();
  connection.checkAlive();
  assert.is(channel.pings, 2);
  connection.checkAlive();
  await settle();
  assert.is(ends.length, 1);
  assert.is(ends[0]?.code, 'NOT_RUNNING');
  assert.ok(ends[0]?.retryable);
});

test('messages, and bytes that are taken, are signs of life', () => {
  const { channel, connection } = setup();
  for (let round = 0; round < 5; round += 1) {
    connection.checkAlive();
    channel.listener.received(new Uint8Array(1));
  }
  connection.send(new Uint8Array(100));
  connection.checkAlive();
  for (let taken = 0; taken < 5; taken += 1) {
    channel.bufferedBytes -= 10;
    connection.checkAlive();
  }
  assert.is(channel.pings, 0);
});

test('P15: a full buffer is looked at ever rarer, and soon again once bytes leave it', async () => {
  const { clock, channel, connection, drains } = setup();
  let looks = 0;
  let buffered = 0;
  Object.defineProperty(channel, 'bufferedBytes', {
    get: () => {
      looks += 1;
      return buffered;
    },
    // As the package ws counts: each message with its head.
    set: (bytes) => {
      buffered = bytes + 4;
    },
  });
  for (let frame = 0; frame < 11; frame += 1) connection.send(new Uint8Array(100));
  assert.is(connection.writable, false);
  looks = 0;
  await clock.pass(400);
  assert.ok(looks < 30, `${looks} looks in 400 ms without progress`);
  buffered = 501;
  await clock.pass(400);
  assert.is(drains.length, 0, 'half of the high-water mark is not reached yet');
  buffered = 500;
  await clock.pass(100);
  assert.equal(drains, ['peer']);
  assert.ok(connection.writable);
});

test('P15: heads of messages are no bytes that were taken: small frames stall like large ones', async () => {
  const { clock, channel, connection, ends } = setup();
  let buffered = 0;
  Object.defineProperty(channel, 'bufferedBytes', {
    get: () => buffered,
    set: (bytes) => {
      buffered = bytes + 4;
    },
  });
  for (let frame = 0; frame < 201; frame += 1) connection.send(new Uint8Array(1));
  await clock.pass(400);
  buffered -= 1;
  await clock.pass(499);
  assert.is(ends.length, 0, 'a byte was taken');
  await clock.pass(101);
  assert.is(ends[0]?.code, 'OVERLOADED');
});

test('an orderly end that the other side does not answer is over after closeTimeoutMs', async () => {
  const { clock, channel, connection, ends } = setup();
  connection.end(null);
  assert.equal(channel.closes, [1000]);
  await clock.pass(999);
  await settle();
  assert.is(ends.length, 0);
  await clock.pass(1);
  await settle();
  assert.equal(ends, [null]);
});

test.run();
