/** A16: a slave with good credentials that says what it must not, and as often as it can. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document } from '../../lib/index.js';
import { limits } from '../../lib/limits.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import type { Message } from '../../machines/protocol.js';
import { until } from '../support/recording-sink.js';
import { puppet } from '../support/tcp-claims-to-be.js';

const test = suite('an insider slave that does not keep to its role (A16)');
const secret = 'known to all';
const POINT = { version: 9, digest: 'x'.repeat(22) };
const POSITION = { ...POINT, lineage: 'l', epoch: { term: 9, start: 9 } };
const HELLO: Message = {
  kind: 'hello',
  hello: 'h',
  position: null,
  firm: null,
  prepared: null,
  durable: true,
};
const STAMP = { sequence: 99, position: POINT, firm: POINT, openRound: null };
const MASTERS_WORDS: readonly Message[] = [
  { kind: 'announce', ...STAMP, links: [], reply: true },
  { kind: 'commit', ...STAMP, round: 'r', to: POINT },
  { kind: 'abort', ...STAMP, round: 'r', reason: 'because' },
  { kind: 'outcome', round: 'r', outcome: 'aborted', position: POSITION },
];

async function served() {
  const transport = tcpListen({ port: 0, secret });
  const master = createMaster({ item: 'a', data: document({ n: 0 }), transport });
  const told: string[] = [];
  master.on('trouble', ({ code, reason }) => told.push(`${code} ${reason}`));
  await master.start();
  const link = tcpConnect({ port: transport.port, secret });
  const slave = createSlave({ item: 'a', id: 'good', data: document({ n: 0 }), transport: link });
  await slave.start();
  await slave.current({ timeout: 10_000 });
  const close = async () => {
    await slave.stop();
    await master.stop();
  };
  return { master, slave, told, port: transport.port, close };
}

for (const word of MASTERS_WORDS) {
  test(`"${word.kind}" of a slave is refused, told to both, and changes nothing`, async () => {
    const { master, slave, told, port, close } = await served();
    const insider = await puppet(
      { port, secret, reconnectMsMin: 60_000, reconnectMsMax: 60_000 },
      'a',
      'insider',
    );
    insider.say(HELLO);
    await until('welcomed', () => insider.heard().includes('welcome'));
    insider.say(word);
    await until('its connection is ended', () => insider.sink.lefts.length > 0);
    assert.ok(insider.heard().includes('refused PROTOCOL'));
    assert.ok(told.some((text) => text.includes(`insider sent a master's message: ${word.kind}`)));
    await insider.transport.close();
    await until('gone', () => master.slaves().find(({ id }) => id === 'insider')?.link !== 'live');
    master.forget('insider');
    const { participants } = await master.data.set({ n: 1 }, { method: 'two-phase' });
    assert.equal(participants, ['good']);
    const { version } = master.position ?? { version: 0 };
    await until('the good one has it', () => slave.position?.version === version);
    await close();
  });
}

test('10,000 forbidden messages and bad frames write a bounded number of log lines', async () => {
  const { told, port, close, master } = await served();
  const insider = await puppet(
    { port, secret, reconnectMsMax: 1, reconnectMsMin: 1 },
    'a',
    'insider',
  );
  let said = 0;
  const started = performance.now();
  while (said < 10_000) {
    const joined = insider.sink.joins.length > insider.sink.lefts.length;
    for (let n = 0; joined && n < 100; n += 1) {
      if (n === 0) insider.say(HELLO);
      insider.transport.send(insider.sink.peer, Buffer.from('no frame'));
      insider.say(MASTERS_WORDS[n % MASTERS_WORDS.length] as Message);
      said += 2;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  await insider.transport.close();
  const seconds = 1 + (performance.now() - started) / 1000;
  const connections = insider.sink.joins.length;
  const forbidden = told.filter((text) => text.includes("a master's message")).length;
  assert.ok(forbidden > 0);
  assert.ok(forbidden <= (limits.troublesPerSecondMax + 1) * seconds, `${forbidden} lines`);
  const bad = told.filter((text) => text.includes('not replichart')).length;
  assert.ok(bad <= 32 * connections, `${bad} lines of ${connections} connections`);
  master.forget('insider');
  await until('gone', () => master.slaves().every(({ id }) => id !== 'insider'));
  const { participants } = await master.data.set({ n: 1 }, { method: 'two-phase' });
  assert.equal(participants, ['good']);
  await close();
});

test.run();
