/**
 * A slave in a thread, a child process or a worker of `node:cluster`. Over the same channel it
 * answers questions of the test, as a host's own messages would be: `{ ask }` by `{ ask, answer }`.
 */
import { parentPort } from 'node:worker_threads';
import { createSlave, keyValue, Veto } from '../../lib/index.js';
import { workerConnect } from '../../lib/transports/worker/index.js';

export const REFUSED = 'refused by every slave';

const prepare = (changes: readonly { readonly op: string; readonly value?: string }[]) => {
  for (const change of changes) {
    if (change.op === 'set' && change.value === REFUSED) throw new Veto('the test wants no');
  }
};

const id = process.env.REPLICHART_SLAVE ?? 'slave';
const port = parentPort;
const slave = createSlave({
  item: 'flags',
  id,
  data: keyValue<string>({ prepare }),
  transport: workerConnect(port ?? process, { reconnectMsMax: 50 }),
});

const answers: Readonly<Record<string, () => unknown>> = {
  data: () => Object.fromEntries(slave.data.entries()),
  crash: () => process.exit(1),
  stop: () => void slave.stop().then(() => (port === null ? process.disconnect() : port.close())),
};

function heard(message: unknown): void {
  const { ask } = message as { readonly ask?: string };
  // Messages of the transport come by here too.
  if (ask === undefined) return;
  const answer = { ask, answer: answers[ask]?.() };
  if (port === null) process.send?.(answer);
  else port.postMessage(answer);
}

if (port === null) process.on('message', heard);
else port.on('message', heard);
await slave.start();
