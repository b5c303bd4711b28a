/** A host that is done ends, whether or not it stopped its inspector; as processes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { outputOf, runCommand } from '../support/run-command.js';

const test = suite('inspector: the host ends');

const DEADLINE_MS = 30_000;

const START = `
  import { createInspector } from 'replichart/inspector';
  const inspector = createInspector({ port: 0, print: () => {} });
  const { link } = await inspector.start();
`;

/** Opens the stream as a page does and leaves it open. */
const READ = `
  import { connect } from 'node:net';
  const { port, host, hash } = new URL(link);
  const socket = connect(Number(port), '127.0.0.1');
  const token = hash.slice('#token='.length);
  socket.write('GET /entries HTTP/1.1\\r\\nHost: ' + host + '\\r\\n' +
    'Authorization: Bearer ' + token + '\\r\\n\\r\\n');
  await new Promise((resolve) => socket.once('data', (data) => {
    if (String(data).startsWith('HTTP/1.1 200 ')) resolve();
  }));
  socket.unref();
`;

const programs = {
  'that never stopped it': START,
  'that never stopped it, while a page is open': START + READ,
  'that stopped it and says so last': `${START} await inspector.stop(); process.exitCode = 7;`,
  'that stopped it while a page is open': `${START}${READ} await inspector.stop();
    process.exitCode = 7;`,
};

for (const [what, program] of Object.entries(programs)) {
  test(`one ${what}`, async () => {
    const args = ['--input-type=module', '-e', program];
    const ended = await runCommand(process.execPath, args, { deadlineMs: DEADLINE_MS });
    assert.not(ended.timedOut, outputOf(ended));
    // 13 would be: it ended while it waited for `stop`.
    assert.is(ended.code, program.includes('= 7') ? 7 : 0, outputOf(ended));
    assert.is(ended.stderr, '');
  });
}

test.run();
