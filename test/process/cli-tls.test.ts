/** The command with certificates: who is refused in which words, and renewal without a restart. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Authority, type Certificate, hasOpenssl } from '../support/certificates.js';
import { withFolder } from '../support/cli-folder.js';
import { type CliProcess, withCli } from '../support/cli-process.js';

const test = suite('command: certificates');

type Issued = Certificate & { readonly ca: Buffer };

async function filesOf(folder: string, name: string, issued: Issued): Promise<string[]> {
  const path = (what: string) => join(folder, `${name}-${what}.pem`);
  await writeFile(path('cert'), issued.cert);
  await writeFile(path('key'), issued.key);
  await writeFile(path('ca'), issued.ca);
  return ['--tls-cert', path('cert'), '--tls-key', path('key'), '--tls-ca', path('ca')];
}

async function fails(child: CliProcess, says: RegExp): Promise<void> {
  const { code } = await child.ended;
  assert.is.not(code, 0);
  assert.match(child.stderr + child.stdout, says);
}

if (hasOpenssl()) {
  test('a slave has the id of its certificate, status works, and wrong files are refused', () =>
    withFolder((folder) =>
      withCli(async (start) => {
        const authority = new Authority();
        const masterFiles = await filesOf(folder, 'main', authority.issue('master', 'main'));
        const slaveFiles = await filesOf(folder, 'web-1', authority.issue('slave', 'web-1'));
        const file = join(folder, 'a.json');
        const out = join(folder, 'b.json');
        await writeFile(file, '{"n": 1}');
        const master = start('master', file, '--listen', '127.0.0.1:0', '--json', ...masterFiles);
        const { port } = await master.event('listening');
        const to = ['--connect', `127.0.0.1:${port}`];
        const slave = start('slave', ...to, '--out', out, '--json', ...slaveFiles);
        await slave.event('version');
        await master.event('slave', ({ id, link }) => id === 'web-1' && link === 'live');
        const status = start('status', ...to, ...slaveFiles);
        assert.is((await status.ended).code, 0);
        assert.match(status.stdout, 'web-1');

        const asOther = ['--id', 'web-2', '--out', out, '--json', ...slaveFiles];
        const impostor = start('slave', ...to, ...asOther);
        const { text } = await impostor.event('status', ({ link }) => link === 'refused');
        assert.match(text, 'UNAUTHORIZED');

        await fails(start('slave', ...to, '--out', out, ...masterFiles), /not issued for a slave/);
        const expired = await filesOf(folder, 'old', authority.issue('slave', 'web-1', -1));
        await fails(start('slave', ...to, '--out', out, ...expired), /has expired on/);
        await fails(start('slave', ...to, '--out', out, ...slaveFiles.slice(0, 4)), /go together/);
        const mixed = [...slaveFiles.slice(0, 2), ...masterFiles.slice(2)];
        await fails(start('slave', ...to, '--out', out, ...mixed), /do not belong together/);
        const plain = start('slave', ...to, '--out', out, '--json');
        const refused = await plain.event('trouble');
        assert.match(refused.text, /uses neither/);
        const stranger = await filesOf(folder, 'x', new Authority().issue('slave', 'web-1'));
        const distrusted = start('slave', ...to, '--out', out, '--json', ...stranger);
        assert.match((await distrusted.event('trouble')).text, /another authority signed it/);
      }),
    ));

  test('renewed certificates and keyrings are used without a restart', () =>
    withFolder((folder) =>
      withCli(async (start) => {
        const first = new Authority();
        const next = new Authority();
        const masterFiles = await filesOf(folder, 'main', first.issue('master', 'main'));
        const secret = join(folder, 'secret');
        await writeFile(secret, 'old key\n');
        const file = join(folder, 'a.json');
        await writeFile(file, '{"n": 1}');
        const own = ['--secret-file', secret, ...masterFiles];
        const master = start('master', file, '--listen', '127.0.0.1:0', '--json', ...own);
        const { port } = await master.event('listening');
        const to = ['--connect', `127.0.0.1:${port}`, '--json'];
        const slaveOf = async (name: string, key: string, authority: Authority) => {
          const files = await filesOf(folder, name, authority.issue('slave', name));
          const path = join(folder, `secret of ${name}`);
          await writeFile(path, key);
          const out = join(folder, `${name}.json`);
          return start('slave', ...to, '--out', out, '--secret-file', path, ...files);
        };
        const before = await slaveOf('web-1', 'old key', first);
        await before.event('version');
        await writeFile(join(folder, 'main-cert.pem'), 'half written');
        await master.event('credentials', ({ text }) => text.includes('not used'));
        await filesOf(folder, 'main', next.issue('master', 'main'));
        await writeFile(secret, 'new key\nold key\n');
        await master.event('credentials', ({ text }) => text.includes('are in use'));
        for (const [name, key] of [
          ['web-2', 'old key'],
          ['web-3', 'new key'],
        ] as const) {
          await (await slaveOf(name, key, next)).event('version');
        }
        // Its connection was made before, and stays.
        await writeFile(file, '{"n": 2}');
        await before.event('version', ({ version }) => version === 2);
      }),
    ));
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
