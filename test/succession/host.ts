/**
 * The program of one node of the succession check: a node on NATS with a store on disk, which
 * changes its data without a pause while it leads, and tells of every confirmation at once.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { connect } from '@nats-io/transport-node';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { natsLease } from '../../lib/leases/nats.js';
import { createNode } from '../../lib/node/node.js';
import { seededRandom } from '../../lib/runtime/random.js';
import { diskStore } from '../../lib/stores/disk.js';
import { natsConnect, natsListen } from '../../lib/transports/nats/index.js';
import { type HostCommand, type HostConfig, type HostLine, monotonicMs } from './messages.js';

/** Changes under way at a time, on each of which a caller waits. */
const LANES = 4;
const TWO_PHASE_RATIO = 0.4;
const PAUSE_MS = 5;

const config = JSON.parse(process.argv[2] ?? '{}') as HostConfig;
const random = seededRandom(config.seed, `${config.id} ${config.life}`);

/** Synchronous: what was written is in the pipe, whatever happens to this process next. */
function say(line: HostLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const connection = await connect({
  servers: config.url,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
});
const prefix = (id: string) => `succession.${id}`;
const node = createNode({
  item: 'load',
  id: config.id,
  members: config.members,
  data: keyValue<number>(),
  store: diskStore(config.folder),
  lease: natsLease(connection, { leaseMs: config.leaseMs }),
  transports: {
    listen: (id) => natsListen(connection, { prefix: prefix(id), pingIntervalMs: 500 }),
    connect: (leader) =>
      natsConnect(connection, { prefix: prefix(leader), reconnectMsMin: 10, reconnectMsMax: 100 }),
  },
});
node.on('role', (role) => {
  say({ kind: 'role', role, term: node.status.term, atMs: monotonicMs() });
});
node.on('conflict', (conflict) => say({ kind: 'conflict', conflict }));
node.on('trouble', ({ code, reason }) => say({ kind: 'trouble', code, reason }));
node.on('status', ({ inDoubt }) => {
  if (inDoubt !== null) say({ kind: 'doubt', round: inDoubt.round });
});

let isLoaded = false;
let made = 0;

async function change(): Promise<void> {
  made += 1;
  const key = `${config.id}-${config.life}-${made}`;
  const method = random() < TWO_PHASE_RATIO ? 'two-phase' : 'one-phase';
  const { term } = node.status;
  try {
    await node.data.set(key, made, { method });
    say({ kind: 'ack', key, method, term, atMs: monotonicMs() });
  } catch (error) {
    say({ kind: 'unconfirmed', key, code: (error as { code?: string }).code ?? String(error) });
  }
}

async function lane(): Promise<void> {
  for (;;) {
    if (isLoaded && node.role === 'leading') await change();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function tellState(): Promise<void> {
  const keptKeys: string[] = [];
  for (const { id } of node.status.conflicts) {
    keptKeys.push(...(await node.conflictData(id)).keys());
  }
  // All of one moment: while conflicts are read a whole state may come, and old keys under its
  // version would look like changes that are lost.
  const { role, conflicts, copy } = node.status;
  const keys = [...node.data.keys()];
  const known = new Set(keys);
  const conflicting = keptKeys.filter((key) => !known.has(key));
  const version = node.position?.version ?? 0;
  const round = copy?.round ?? 'none';
  say({ kind: 'state', state: { role, version, round, conflicts, keys, conflicting } });
}

async function obey(command: HostCommand): Promise<void> {
  if (command === 'load') isLoaded = true;
  else if (command === 'rest') isLoaded = false;
  else if (command === 'state') await tellState();
  else {
    await node.stop();
    await connection.close();
    process.exit(0);
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  obey(line as HostCommand).catch((error: unknown) => {
    say({ kind: 'trouble', code: 'ABORTED', reason: String(error) });
  });
});
await node.start();
for (let index = 0; index < LANES; index += 1) void lane();
