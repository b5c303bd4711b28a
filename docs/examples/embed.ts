/** Everything once: a master, two slaves over TCP, disk stores; exits 0 if each step holds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMaster, createSlave, document, Veto } from 'replichart';
import { diskStore } from 'replichart/stores/disk';
import { tcpConnect, tcpListen } from 'replichart/transports/tcp';

type Settings = { theme: string; route: string };
const folder = mkdtempSync(join(tmpdir(), 'replichart-embed-'));
const initial: Settings = { theme: 'light', route: 'green' };
const listen = tcpListen({ port: 0 });
const store = diskStore(join(folder, 'master'));
const master = createMaster({ item: 'settings', data: document(initial), transport: listen, store });
await master.start();

const data = document<Settings>(initial, {
  prepare: ({ route }) => {
    if (route === 'purple') throw new Veto('no such route here');
  },
});
const startSlave = async (id: string) => {
  const transport = tcpConnect({ port: listen.port });
  const slave = createSlave({ item: 'settings', data, transport, store: diskStore(join(folder, id)), id });
  await slave.start();
  return slave;
};
const one = await startSlave('slave-1');
let two = await startSlave('slave-2');
await Promise.all([one.current({ timeout: 5000 }), two.current({ timeout: 5000 })]);

// One-phase: announced, then pulled by whoever lacks it.
const dark = await master.data.update((draft) => void (draft.theme = 'dark'));
await Promise.all([one.waitFor(dark.version), two.waitFor(dark.version)]);

// Two-phase: both vote yes, and both have it when the task resolves.
const twoPhase = { method: 'two-phase', ack: 'applied', timeout: 5000 } as const;
const blue = await master.data.update((draft) => void (draft.route = 'blue'), twoPhase);
assert.deepEqual([one.data.get().route, two.data.get().route, blue.unconfirmed], ['blue', 'blue', []]);

// A veto, and a roll-back by the host: nothing changes anywhere.
const vetoed = master.data.update((draft) => void (draft.route = 'purple'), twoPhase);
await assert.rejects(Promise.resolve(vetoed), { code: 'ABORTED' });
const rolledBack = master.data.update((draft) => void (draft.route = 'red'), twoPhase);
assert.ok(rolledBack.rollback('changed my mind'));
await assert.rejects(Promise.resolve(rolledBack), { code: 'ABORTED' });
assert.deepEqual([master.data.get().route, one.data.get().route], ['blue', 'blue']);

// A slave serves its copy without its master, and catches up when both are there again.
await two.stop();
const again = await master.data.update((draft) => void (draft.theme = 'dim'));
await master.stop();
two = await startSlave('slave-2');
assert.equal(two.data.get().theme, 'dark');
await master.start();
await Promise.all([one.waitFor(again.version), two.waitFor(again.version)]);
assert.deepEqual(two.data.get(), { theme: 'dim', route: 'blue' });

await Promise.all([one.stop(), two.stop(), master.stop()]);
rmSync(folder, { recursive: true });
