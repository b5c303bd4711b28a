/** Everything once, as a host writes it, with checks that each step did what its comment says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMaster, createSlave, document, Veto } from 'replichart';
import { diskStore } from 'replichart/stores/disk';
import { tcpConnect, tcpListen } from 'replichart/transports/tcp';

const folder = mkdtempSync(join(tmpdir(), 'replichart-embed-'));
const item = 'settings';
const data = document({ theme: 'light', route: 'green' }, { prepare });
function prepare({ route }: { readonly route: string }) {
  if (route === 'purple') throw new Veto('no such route here');
}
const disk = (name: string) => diskStore(join(folder, name));
const openSlave = (id: string) => {
  const transport = tcpConnect({ port: listen.port });
  return createSlave({ item, data, transport, store: disk(id), id });
};

const listen = tcpListen({ port: 0 });
const master = createMaster({ item, data, transport: listen, store: disk('master') });
await master.start();
const [one, two] = [openSlave('slave-1'), openSlave('slave-2')];
await Promise.all([one.start(), two.start()]);

// One-phase: announced to both, concurrently.
const dark = await master.data.update((draft) => Object.assign(draft, { theme: 'dark' }));
await Promise.all([one.waitFor(dark.version), two.waitFor(dark.version)]);
assert.equal(two.data.get().theme, 'dark');

// Two-phase: both vote yes, and both have it when the task resolves.
const twoPhase = { method: 'two-phase', ack: 'applied', timeout: 5000 } as const;
await master.data.update((draft) => Object.assign(draft, { route: 'blue' }), twoPhase);
assert.deepEqual([one.data.get(), two.data.get()], [master.data.get(), master.data.get()]);

// A veto of the slaves, and a roll-back by the host: nothing changes anywhere.
const vetoed = master.data.update((draft) => Object.assign(draft, { route: 'purple' }), twoPhase);
await assert.rejects(async () => vetoed, { code: 'ABORTED' });
const undone = master.data.update((draft) => Object.assign(draft, { route: 'red' }), twoPhase);
assert.ok(undone.rollback('changed my mind'));
await assert.rejects(async () => undone, { code: 'ABORTED' });
assert.deepEqual([master.data.get().route, one.data.get().route], ['blue', 'blue']);

// The second slave misses a change, and comes back when no master is there: it serves its copy.
await two.stop();
const dim = await master.data.update((draft) => Object.assign(draft, { theme: 'dim' }));
await master.stop();
const back = openSlave('slave-2');
await back.start();
assert.deepEqual(back.data.get(), { theme: 'dark', route: 'blue' });

// The master comes back, too, and the slave catches up.
const transport = tcpListen({ port: listen.port });
const restarted = createMaster({ item, data, transport, store: disk('master') });
await restarted.start();
await back.waitFor(dim.version, { timeout: 10_000 });
assert.deepEqual(back.data.get(), { theme: 'dim', route: 'blue' });

await Promise.all([one.stop(), back.stop(), restarted.stop()]);
rmSync(folder, { recursive: true });
