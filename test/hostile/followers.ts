/** Two slaves as they should be, of both items, in a process of their own. */
import { createSlave, document } from '../../lib/index.js';
import { tcpConnect } from '../../lib/transports/tcp/index.js';
import { BULK_ITEM, ITEM, report, SECRET } from './messages.js';

const port = Number(process.argv[2]);
const slaves = ['a', 'b'].flatMap((id) => {
  const transport = tcpConnect({ port, secret: SECRET });
  return [
    createSlave({ item: ITEM, id, data: document({ n: 0 }), transport }),
    createSlave({ item: BULK_ITEM, id, data: document({ text: '' }), transport }),
  ];
});
await Promise.all(slaves.map((slave) => slave.start()));
report({ kind: 'ready' });
process.on('message', () => {
  void Promise.all(slaves.map((slave) => slave.stop())).then(() => process.disconnect());
});
