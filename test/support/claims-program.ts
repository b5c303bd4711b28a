/**
 * A slave as a program of its own, written against the published entry points only: started by
 * claims-process.ts as `node claims-program.js PORT ID FOLDER`, it answers `report` with what its
 * readers see, and ends with its parent or on `stop`.
 */
import { createSlave, document } from 'replichart';
import { diskStore } from 'replichart/stores/disk';
import { tcpConnect } from 'replichart/transports/tcp';
import type { Report } from './claims-process.js';

const [port, id, folder] = process.argv.slice(2);
if (port === undefined || id === undefined || folder === undefined) {
  throw new Error('usage: claims-program PORT ID FOLDER');
}

const slave = createSlave({
  item: 'settings',
  id,
  data: document({ theme: '', route: '', text: '' }),
  transport: tcpConnect({ port: Number(port) }),
  store: diskStore(folder),
  silence: 60_000,
  jitter: 0,
});

function report(): Report {
  const { theme, route, text } = slave.data.get();
  const { round } = slave.status;
  const version = slave.position?.version ?? null;
  return { pid: process.pid, version, theme, route, textLength: text.length, round };
}

process.on('message', (order) => {
  if (order === 'report') process.send?.(report());
  // A parent that is gone cannot be answered, and needs nothing more.
  if (order === 'stop') void slave.stop().then(() => process.disconnect());
});
process.on('disconnect', () => process.exit());
await slave.start();
process.send?.(report());
