/** Node's own WebSocket, which Node 20 has behind a flag: no package ws on the slave's side. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { webSocketListen } from '../../lib/transports/websocket/index.js';
import { RecordingSink, until } from '../support/recording-sink.js';
import { outputOf, runCommand } from '../support/run-command.js';

const test = suite("WebSocket with Node's own client");
const secret = 'known to both';

/** Joins, sends two frames of which one is large, waits for one, and ends. */
const program = (entry: string, url: string) => `
  import { webSocketConnect } from ${JSON.stringify(entry)};
  const slave = webSocketConnect(${JSON.stringify({ url, secret })});
  await slave.open({
    joined(peer) {
      slave.send(peer, new Uint8Array(1_000_000).fill(7));
      slave.send(peer, new Uint8Array([globalThis.WebSocket === undefined ? 0 : 1]));
    },
    received: (_, [frame]) => { console.log('got ' + frame.length); void slave.close(); },
    left() {}, drained() {}, troubled(error) { console.log(error.message); },
  });
`;

test('it joins with a secret, and frames go both ways', async () => {
  const master = webSocketListen({ port: 0, secret });
  const sink = new RecordingSink();
  await master.open(sink);
  const entry = new URL('../../lib/transports/websocket/index.js', import.meta.url).href;
  const text = program(entry, `ws://127.0.0.1:${master.port}/replichart`);
  const flags = ['--experimental-websocket', '--input-type=module', '--eval', text];
  const ended = runCommand(process.execPath, flags, { deadlineMs: 60_000 });
  await until('both frames', () => sink.frames.length === 2);
  assert.is(sink.frames[0]?.length, 1_000_000);
  assert.ok(sink.frames[0]?.every((byte) => byte === 7));
  assert.equal([...(sink.frames[1] ?? [])], [1], 'the runtime has a WebSocket of its own');
  master.send(sink.peer, new Uint8Array(12_345));
  const result = await ended;
  assert.is(result.code, 0, outputOf(result));
  assert.match(result.stdout, 'got 12345');
  await until('left', () => sink.lefts.length === 1);
  assert.is(sink.lefts[0]?.error, null, 'an orderly end');
  await master.close();
});

test.run();
