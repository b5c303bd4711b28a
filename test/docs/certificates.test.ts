/** The steps of docs/operations.md make certificates that let a slave in, and only as itself. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasOpenssl } from '../support/certificates.js';
import { withFolder } from '../support/cli-folder.js';
import { blocksOf } from '../support/doc-programs.js';
import { packageRoot } from '../support/package-root.js';
import { until } from '../support/recording-sink.js';
import { connecting, listening } from '../support/tcp-pair.js';

const test = suite('docs: certificates step by step');

async function steps(): Promise<readonly string[]> {
  const path = 'docs/operations.md';
  const text = await readFile(join(packageRoot, path), 'utf8');
  return blocksOf({ path, text })
    .filter(({ info }) => info === 'sh')
    .map(({ lines }) => lines.join('\n'));
}

if (hasOpenssl()) {
  test('the commands as printed make an authority, a master and a slave that understand each other', () =>
    withFolder(async (folder) => {
      const commands = await steps();
      assert.is(commands.length, 3);
      for (const command of commands) {
        execFileSync('sh', ['-ec', command], { cwd: folder, stdio: 'pipe' });
      }
      const file = (name: string) => readFile(join(folder, name));
      const ca = await file('ca.pem');
      const tlsOf = async (name: string) => ({
        ca,
        cert: await file(`${name}.pem`),
        key: await file(`${name}.key`),
      });
      const here = await listening({ tls: await tlsOf('main') });
      const slave = await connecting({ port: here.port, tls: await tlsOf('web-1') });
      await until('joined', () => here.sink.joins.length > 0 && slave.sink.joins.length > 0);
      assert.ok(here.transport.permits?.(here.sink.peer, 'web-1'));
      assert.not(here.transport.permits?.(here.sink.peer, 'web-2'));
      await slave.transport.close();
      await here.transport.close();
    }));
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
