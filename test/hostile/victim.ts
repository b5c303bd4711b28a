/** The process under siege: a master of two items on one port, one small, one of large changes. */
import { randomBytes } from 'node:crypto';
import { createMaster, document, type Master } from '../../lib/index.js';
import { tcpListen } from '../../lib/transports/tcp/index.js';
import {
  BULK_BYTES,
  BULK_ITEM,
  ITEM,
  report,
  SECRET,
  STALL_MS,
  type VictimOrder,
} from './messages.js';

const ROUND_EVERY_MS = 10;
const BULK_EVERY_MS = 100;
const FOLLOWERS = 2;

const refusals: Record<string, number> = {};
let lines = 0;

function count(code: string, reason: string): void {
  lines += 1;
  const more = Number(/(?:^|: )(\d+) more like this/.exec(reason)?.[1] ?? 1);
  refusals[code] = (refusals[code] ?? 0) + more;
}

const transport = tcpListen({ port: 0, secret: SECRET, stallTimeoutMs: STALL_MS });
const settings = createMaster({ item: ITEM, data: document({ n: 0 }), transport, heartbeat: 500 });
const bulk = createMaster({
  item: BULK_ITEM,
  data: document({ text: '' }),
  transport,
  heartbeat: 500,
});
// Both items hear of each refusal.
settings.on('trouble', ({ code, reason }) => count(code, reason));

/** Their connections ended with a code; a socket that is not read does not see its end. */
const dropped: Record<string, number> = {};
bulk.on('trouble', ({ code, reason }) => {
  if (reason.startsWith('deaf-')) dropped[code] = (dropped[code] ?? 0) + 1;
});

type Settings = typeof settings;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function followed(master: Pick<Master<unknown>, 'slaves'>): Promise<void> {
  const isLive = () => master.slaves().filter(({ link }) => link === 'live').length >= FOLLOWERS;
  while (!isLive()) await pause(10);
}

let n = 0;

async function measure(master: Settings, forMs: number): Promise<void> {
  const roundsMs: number[] = [];
  let rssBytesMax = 0;
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    n += 1;
    const started = performance.now();
    const { participants } = await master.data.set({ n }, { method: 'two-phase' });
    const tookMs = performance.now() - started;
    if (participants.length < FOLLOWERS) count('LOST', 'a follower took no part in a round');
    roundsMs.push(tookMs);
    if (n % 10 === 0) rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss());
    await pause(Math.max(0, ROUND_EVERY_MS - tookMs));
  }
  report({ kind: 'window', window: { roundsMs, rssBytesMax } });
}

let isOver = false;

/** In quiet and under attack alike, so that the attack is the only difference. */
async function change(): Promise<void> {
  while (!isOver) {
    const text = randomBytes(BULK_BYTES / 2).toString('hex');
    await bulk.data.set({ text });
    await pause(BULK_EVERY_MS);
  }
}

process.on('message', (message: VictimOrder) => {
  void obey(message);
});

async function obey(message: VictimOrder): Promise<void> {
  if (message.order === 'measure') return measure(settings, message.forMs);
  isOver = true;
  // What is withheld within a second is told at its end.
  await pause(1200);
  await bulk.stop();
  await settings.stop();
  const handles = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  report({ kind: 'ended', refusals, dropped, lines, handles });
  process.disconnect();
}

await settings.start();
await bulk.start();
report({ kind: 'listening', port: transport.port });
await Promise.all([followed(settings), followed(bulk)]);
report({ kind: 'listening', port: transport.port });
await change();
