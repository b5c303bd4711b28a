/** Everything once, as a host writes it, in 25 lines and imports. It prints what slaves see. */
import { createMaster, createSlave, document, Veto } from 'replichart';
import { diskStore as disk } from 'replichart/stores/disk';
import { tcpConnect, tcpListen } from 'replichart/transports/tcp';

const prepare = ({ route }: { readonly route: string }) => {
  if (route === 'purple') throw new Veto('no such route here');
};
const app = { item: 'site', data: document({ theme: 'light', route: 'green' }, { prepare }) };
const port = Number(process.env.PORT ?? 7400);
const master = createMaster({ ...app, transport: tcpListen({ port }), store: disk('master') });
const one = createSlave({ ...app, id: 'one', transport: tcpConnect({ port }), store: disk('one') });
const two = createSlave({ ...app, id: 'two', transport: tcpConnect({ port }), store: disk('two') });
await Promise.all([master.start(), one.start(), two.start()]);
for (const { id, data } of [one, two]) data.subscribe(({ value }) => console.log(id, value));

// One-phase: announced to both, which fetch it concurrently.
const dark = await master.data.update((draft) => Object.assign(draft, { theme: 'dark' }));
await Promise.all([one.waitFor(dark.version), two.waitFor(dark.version)]);

// Two-phase: both vote, and both have it when the task resolves.
const all = { method: 'two-phase', ack: 'applied' } as const;
await master.data.update((draft) => Object.assign(draft, { route: 'blue' }), all);

// A veto of the slaves, then a roll-back by the host: nothing changes anywhere.
const vetoed = master.data.update((draft) => Object.assign(draft, { route: 'purple' }), all);
await vetoed.catch((error) => console.log(`${error}`));
master.data.update((draft) => Object.assign(draft, { route: 'red' }), all).rollback('not today');

// One slave misses a change, and comes back when no master is there: it serves its copy.
await two.stop();
const dim = await master.data.update((draft) => Object.assign(draft, { theme: 'dim' }));
await master.stop();
await two.start();
console.log('two without its master:', two.data.get());

// The master comes back, too, and the slave catches up.
await master.start();
await two.waitFor(dim.version);
await Promise.all([one.stop(), two.stop(), master.stop()]);
