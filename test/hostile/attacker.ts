/** The process that attacks, window by window. */
import { drip, type Held, held, joinDeaf, openHalf, release, tryKey } from './attacks.js';
import { type AttackOrder, report } from './messages.js';

const port = Number(process.argv[2]);
const SLICE_MS = 10;
const DRIPS_WITHIN_MS = 2000;
const PATIENCE_MS = 20_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The master has to end all of them; who is still there then was let go on. */
async function ended(groups: readonly Held[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const isOver = () => groups.every(({ sockets }) => sockets.size === 0);
  while (!isOver() && performance.now() < deadline) await pause(SLICE_MS);
}

async function attack({ plan, forMs }: Extract<AttackOrder, { order: 'attack' }>): Promise<void> {
  const [half, drips, deaf, keys] = [held(), held(), held(), held()];
  const started = performance.now();
  for (let n = 0; n < plan.deaf; n += 1) joinDeaf(deaf, port, `deaf-${n}`);
  for (let passedMs = 0; passedMs < forMs; passedMs = performance.now() - started) {
    const dueHalf = Math.min(1, (passedMs + SLICE_MS) / forMs) * (plan.halfOpen / plan.windows);
    while (half.opened < dueHalf) openHalf(half, port);
    // Early, so that their deadline falls into the window.
    const dueDrips = Math.min(1, (passedMs + SLICE_MS) / DRIPS_WITHIN_MS) * plan.dripping;
    while (drips.opened < dueDrips) drip(drips, port);
    while (keys.opened < (passedMs / 1000) * plan.wrongKeys) tryKey(keys, port);
    await pause(SLICE_MS);
  }
  report({ kind: 'over' });
  await ended([half, drips, keys]);
  report({
    opened: half.opened,
    closed: half.closed,
    dripsClosed: drips.closed,
    deafJoined: deaf.opened,
    keysTried: keys.opened,
    keysRefused: keys.closed,
  });
  for (const group of [half, drips, deaf, keys]) release(group);
}

process.on('message', (message: AttackOrder) => {
  if (message.order === 'attack') void attack(message);
  else process.disconnect();
});
report({ kind: 'ready' });
