/**
 * A master or a slave over UDP in a process of its own, driven by its parent. Run as
 * `node udp-node.js ROLE ID OPTIONS`, where OPTIONS is JSON.
 */
import { reasonOf } from '../../lib/errors.js';
import { createMaster, createSlave, document, Veto } from '../../lib/index.js';
import { udpConnectOver } from '../../lib/transports/udp/connect.js';
import { udpListen } from '../../lib/transports/udp/listen.js';
import { openSocket } from '../../lib/transports/udp/open-socket.js';
import { BAD_NETWORK, lossyNetwork } from './lossy-socket.js';
import { REFUSED } from './udp-refused.js';

export interface UdpNodeOptions {
  readonly host: string;
  readonly port: number;
  readonly interface: string;
  /** Seed of lossy sockets, where the network itself loses nothing. */
  readonly lossySeed: string | null;
}

export type UdpNodeCommand =
  | {
      readonly do: 'set';
      readonly n: number;
      readonly method: 'one-phase' | 'two-phase';
      /** So many changes, one after the other, each by one more. @default 1 */
      readonly times?: number;
    }
  | { readonly do: 'reach'; readonly version: number }
  | { readonly do: 'tell' }
  | { readonly do: 'stop' };

export interface UdpNodeState {
  readonly version: number;
  readonly digest: string;
  readonly n: number;
  readonly traffic: Readonly<Record<string, number>>;
  readonly troubles: readonly string[];
  readonly slaves: number;
  /** Memory of the process. */
  readonly rssBytes: number;
}

export type UdpNodeAnswer = { readonly state: UdpNodeState } | { readonly failure: string };

/**
 * Where a fifth of all packets is lost, TCP waits twice as long after each loss: of twelve runs two
 * stood still for 20 seconds and more, so one in some ten thousand would for a minute.
 */
const WAIT_MS = 240_000;
const HEARTBEAT_MS = 200;
const secret = 'udp nodes of a test';

const [role, id = '', text = '{}'] = process.argv.slice(2);
const options = JSON.parse(text) as UdpNodeOptions;
const troubles: string[] = [];

interface Driven {
  start(): Promise<void>;
  handle(command: UdpNodeCommand): Promise<void>;
  state(): UdpNodeState;
}

function masterNode(): Driven {
  const { port, interface: local } = options;
  const transport = udpListen({ port, interface: local, secret });
  const data = document({ n: 0 });
  const master = createMaster({ item: 'n', id, data, transport, heartbeat: HEARTBEAT_MS });
  master.on('trouble', ({ code, reason }) => troubles.push(`${code}: ${reason}`));
  return {
    start: () => master.start(),
    handle: async (command) => {
      if (command.do === 'stop') await master.stop();
      if (command.do !== 'set') return;
      const { n, method, times = 1 } = command;
      for (let at = 0; at < times; at += 1) {
        await master.data.set({ n: n + at }, { method, ...(method === 'two-phase' && PATIENT) });
      }
    },
    state: () => ({
      version: master.position?.version ?? 0,
      digest: master.position?.digest ?? '',
      n: master.data.get().n,
      traffic: { ...transport.traffic },
      troubles,
      slaves: master.slaves().filter(({ link }) => link === 'live').length,
      rssBytes: process.memoryUsage.rss(),
    }),
  };
}

const PATIENT = { timeout: WAIT_MS, ack: 'applied' } as const;

function slaveNode(): Driven {
  const { host, port, interface: local, lossySeed } = options;
  const sockets = lossySeed === null ? openSocket : lossyNetwork(lossySeed, BAD_NETWORK).openSocket;
  const transport = udpConnectOver({ host, port, interface: local, secret }, sockets);
  const prepare = (next: { readonly n: number }) => {
    if (next.n === REFUSED) throw new Veto(`${id} does not take ${REFUSED}`);
  };
  const slave = createSlave({ item: 'n', id, data: document({ n: 0 }, { prepare }), transport });
  slave.on('trouble', ({ code, reason }) => troubles.push(`${code}: ${reason}`));
  return {
    start: () => slave.start(),
    handle: async (command) => {
      if (command.do === 'stop') await slave.stop();
      if (command.do === 'reach') await slave.waitFor(command.version, { timeout: WAIT_MS });
    },
    state: () => ({
      version: slave.position?.version ?? 0,
      digest: slave.position?.digest ?? '',
      n: slave.data.get().n,
      traffic: { ...transport.traffic },
      troubles,
      slaves: 0,
      rssBytes: process.memoryUsage.rss(),
    }),
  };
}

const node = role === 'master' ? masterNode() : slaveNode();

function answer(reply: UdpNodeAnswer): void {
  process.send?.(reply);
}

/** One command at a time; the parent waits for each answer. */
process.on('message', (command: UdpNodeCommand) => {
  node
    .handle(command)
    .then(() => answer({ state: node.state() }))
    .catch((thrown: unknown) => answer({ failure: reasonOf(thrown) }))
    .finally(() => {
      if (command.do === 'stop') process.disconnect?.();
    });
});

// Nobody is left to kill it when its parent is gone.
process.on('disconnect', () => process.exit());
await node.start();
answer({ state: node.state() });
