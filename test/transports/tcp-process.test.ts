/** What a transport does to its process: keeps it while open, lets it go after close. */
import { spawn } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../support/recording-sink.js';

const test = suite('TCP: the process');
const TCP = new URL('../../lib/transports/tcp/index.js', import.meta.url).href;
const SINK = 'const sink = { joined() {}, left() {}, received() {}, drained() {}, troubled() {} };';

interface Ran {
  exit: number | null;
  out: string;
}

function script(body: string): { ran: Ran; kill(): void } {
  const source = `import { tcpConnect, tcpListen } from '${TCP}';\n${SINK}\n${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source]);
  const ran: Ran = { exit: null, out: '' };
  child.stdout.on('data', (chunk) => {
    ran.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ran.out += chunk;
  });
  // Not 'exit': what it printed last may still be on its way then.
  child.on('close', (code, signal) => {
    ran.exit = code ?? (signal === null ? -1 : -2);
  });
  return { ran, kill: () => void child.kill('SIGKILL') };
}

test('a slave without a master stays alive between its attempts, without a word', async () => {
  const { ran, kill } = script(`
    let attempts = 0;
    sink.troubled = () => console.log('told');
    const random = () => {
      attempts += 1;
      if (attempts === 5) console.log('still trying');
      return 1;
    };
    await tcpConnect({ port: 9, random, reconnectMsMin: 20 }).open(sink);`);
  await until('five attempts', () => ran.out.includes('still trying') || ran.exit !== null);
  assert.is(ran.exit, null, ran.out);
  assert.is(ran.out, 'told\nstill trying\n');
  kill();
  await until('its end', () => ran.exit !== null);
});

test('after close nothing holds the process', async () => {
  const { ran } = script(`
    const master = tcpListen({ port: 0 });
    await master.open(sink);
    const slave = tcpConnect({ port: master.port });
    await new Promise((resolve) => slave.open({ ...sink, joined: resolve }));
    await slave.close();
    await master.close();
    const alone = tcpConnect({ port: master.port });
    await alone.open(sink);
    await alone.close();
    console.log('closed');`);
  await until('its end', () => ran.exit !== null);
  assert.is(ran.exit, 0, ran.out);
  assert.is(ran.out, 'closed\n');
});

test.run();
