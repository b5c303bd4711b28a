/** `replichart status` of a master with relays: which node of the whole tree is behind, and why. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StatusReport } from '../../lib/cli/status-report.js';
import { createRelay, type Relay } from '../../lib/relay/index.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { eventually, withFolder } from '../support/cli-folder.js';
import { type CliProcess, DEADLINE_MS, withCli } from '../support/cli-process.js';

const test = suite('command: a tree of relays');

const CHECK = `import { readFileSync } from 'node:fs';
if (readFileSync(process.argv[2], 'utf8').includes('dark')) {
  console.error('its screen has no dark theme');
  process.exit(1);
}
`;

type Start = (...args: string[]) => CliProcess;

async function status(start: Start, port: number, ...options: string[]): Promise<string> {
  const command = start('status', '--connect', `127.0.0.1:${port}`, ...options);
  assert.is((await command.ended).code, 0, command.told());
  return command.stdout;
}

/** Two relays, the second below the first; `work` gets the port below each, the upper one first. */
async function withRelays(port: number, work: (ports: number[]) => Promise<void>): Promise<void> {
  const relays: Relay[] = [];
  const ports: number[] = [];
  try {
    for (const id of ['relay-1', 'relay-2']) {
      const upstream = tcpConnect({ port: ports.at(-1) ?? port });
      const downstream = tcpListen({ port: 0 });
      const relay = createRelay({ item: 'data', id, upstream, downstream });
      relays.push(relay);
      await relay.start();
      await relay.current({ timeout: DEADLINE_MS });
      ports.push(downstream.port);
    }
    await work(ports);
  } finally {
    for (const relay of relays.reverse()) await relay.stop();
  }
}

test('status counts the tree and names the slave two relays down that is behind, with why', () =>
  withFolder((folder) =>
    withCli(async (start) => {
      const [file, check] = [join(folder, 'settings.json'), join(folder, 'check.mjs')];
      await writeFile(check, CHECK);
      await writeFile(file, '{"theme":"light"}');
      const listen = ['--listen', '127.0.0.1:0', '--heartbeat', '200', '--json'];
      const { port } = await start('master', file, ...listen).event('listening');
      const plain = JSON.parse(await status(start, port, '--json')) as StatusReport;
      assert.is(plain.below, undefined, 'nothing is said of a tree that is none');
      await withRelays(port, async ([upper, lower]) => {
        const validate = ['--validate', `"${process.execPath}" "${check}"`];
        for (const [id, to, ...more] of [
          ['till-7', lower, ...validate],
          ['till-8', upper],
        ] as const) {
          const out = ['--id', id, '--out', join(folder, `${id}.json`), '--json'];
          const slave = start('slave', '--connect', `127.0.0.1:${to}`, ...out, ...more);
          await slave.event('version');
        }
        await writeFile(file, '{"theme":"dark"}');
        let report = plain;
        await eventually(
          () => JSON.stringify(report.below),
          DEADLINE_MS,
          async () => {
            report = JSON.parse(await status(start, port, '--json')) as StatusReport;
            const { below } = report;
            const isWhole = below?.current === 3 && below.live === 4 && below.behind.length === 1;
            return isWhole && below.worst?.stage === 'quarantined';
          },
        );
        const { below, master } = report;
        const version = master.position?.version ?? 0;
        assert.equal([below?.slaves, below?.relays, below?.live], [4, 2, 4]);
        assert.equal(below?.versions[0], { version, slaves: 3 });
        assert.is(below?.behind.length, 1, 'those who are well are not named');
        const row = /^till-7 .*quarantined +live +relay-1 > relay-2 +QUARANTINED: .*no dark theme/m;
        const counts = `3 of 4 nodes on version ${version}; 4 live; 2 relays`;
        let text = '';
        // At each of its tries it is asked anew, and shows as `behind` until it says no again.
        await eventually(
          () => text,
          DEADLINE_MS,
          async () => {
            text = await status(start, port);
            return row.test(text) && text.includes(counts);
          },
        );
      });
    }),
  ));

test.run();
