/** One process of the tree: some relays, or some hundred leaves. */
import { createSlave, document, type Slave, Veto } from '../../../lib/index.js';
import type { DocumentSlaveData } from '../../../lib/layers/document/slave.js';
import { createRelay } from '../../../lib/relay/index.js';
import { tcpConnect, tcpListen } from '../../../lib/transports/tcp/index.js';
import { freePort } from '../../support/free-port.js';
import { type FromNode, ITEM, type ToNode, type TreeValue, VETOED } from './messages.js';

const WAIT = { timeout: 60_000 };
const VOTE_MS = 100_000;
/** A third of it is the patience of one in doubt: questions would count as work of an update. */
const SILENCE_MS = 120_000;

const leaves: Slave<DocumentSlaveData<TreeValue>>[] = [];

const answer = (message: FromNode) => process.send?.(message);

async function startRelay(id: string, port: number): Promise<number> {
  const below = await freePort();
  const relay = createRelay({
    item: ITEM,
    id,
    upstream: tcpConnect({ port }),
    downstream: tcpListen({ port: below }),
    voteTimeout: VOTE_MS,
    silence: SILENCE_MS,
  });
  await relay.start();
  await relay.current(WAIT);
  return below;
}

async function startLeaf(id: string, port: number, isVetoer: boolean): Promise<void> {
  const data = document<TreeValue>(
    { text: '' },
    {
      prepare: ({ text }) => {
        if (isVetoer && text === VETOED) throw new Veto('one leaf of many does not want it');
      },
    },
  );
  const transport = tcpConnect({ port });
  const leaf = createSlave({ item: ITEM, id, data, transport, silence: SILENCE_MS });
  leaves.push(leaf);
  await leaf.start();
  await leaf.current(WAIT);
}

async function obey(message: ToNode): Promise<void> {
  if (message.type === 'relays') {
    const ports = await Promise.all(message.ids.map((id) => startRelay(id, message.port)));
    return void answer({ type: 'ready', ports });
  }
  if (message.type === 'leaves') {
    const { ids, port, vetoer } = message;
    await Promise.all(ids.map((id) => startLeaf(id, port, id === vetoer)));
    return void answer({ type: 'ready', ports: [] });
  }
  const texts = leaves.map(({ data }) => data.get()?.text);
  const count = texts.filter((text) => text === message.value).length;
  const versions = [...new Set(leaves.map(({ position }) => position?.version ?? 0))];
  answer({ type: 'counted', count, versions });
}

process.on('message', (message: ToNode) => {
  obey(message).catch((error: unknown) => answer({ type: 'failed', reason: String(error) }));
});
// The check ended, however it did.
process.on('disconnect', () => process.exit(0));
