/** The same updates over plain slaves and over relays with leaves: claims 10-23, and their cost. */
import { ReplicationError } from '../../../lib/index.js';
import { VETOED } from './messages.js';
import { Tree, type TreeSizes, type Work } from './tree.js';

export interface Measured {
  readonly onePhase: Work;
  readonly twoPhase: Work;
}

export interface Updates {
  readonly onePhase: number;
  readonly twoPhase: number;
}

const TEXT_BYTES = 100;
const TWO_PHASE = { method: 'two-phase', ack: 'applied', timeout: 60_000 } as const;

const textOf = (kind: string, index: number) => `${kind} ${index} `.padEnd(TEXT_BYTES, '.');

const setting = (text: string) => (draft: { text: string }) => {
  draft.text = text;
};

/** One leaf of all says no: nothing changes anywhere, and the caller learns who. */
async function veto(tree: Tree, vetoer: string, before: string, leaves: number): Promise<string> {
  const task = tree.master.data.update(setting(VETOED), TWO_PHASE);
  const error = await task.then(
    () => new Error('a change that one leaf vetoes was made'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ReplicationError) || error.code !== 'ABORTED') throw error;
  if (!error.message.includes(vetoer)) throw new Error(`it names no leaf: ${error.message}`);
  const after = await tree.count(before);
  if (after.count !== leaves) throw new Error(`${leaves - after.count} leaves show the abort`);
  return error.message;
}

/** Runs the updates on one tree; throws what does not hold. */
export async function runTree(
  sizes: TreeSizes,
  updates: Updates,
  say: (line: string) => void,
): Promise<Measured> {
  const tree = new Tree();
  const vetoer = `leaf-${sizes.leaves}`;
  const { data } = tree.master;
  try {
    const startedAtMs = performance.now();
    await tree.start(sizes, vetoer);
    say(`${sizes.leaves} leaves joined in ${seconds(startedAtMs)}`);
    const last = updates.onePhase - 1;
    const onePhase = await tree.measure(updates.onePhase, async (index) => {
      const { version } = await data.update(setting(textOf('one-phase', index)));
      await tree.master.slavesAt(version);
    });
    await tree.reached(textOf('one-phase', last), sizes.leaves);
    say(`one-phase: ${updates.onePhase} updates, all ${sizes.leaves} leaves show the last one`);
    let text = '';
    const twoPhase = await tree.measure(updates.twoPhase, async (index) => {
      text = textOf('two-phase', index);
      const { unconfirmed } = await data.update(setting(text), TWO_PHASE);
      if (unconfirmed.length > 0) throw new Error(`unconfirmed: ${unconfirmed.join(', ')}`);
    });
    // Without waiting: what is confirmed at the top is applied at every leaf.
    const { count } = await tree.count(text);
    if (count !== sizes.leaves) throw new Error(`applied, but ${count} of ${sizes.leaves} show it`);
    say(`two-phase: ${updates.twoPhase} updates, each applied by all ${sizes.leaves} leaves`);
    say(`a veto at one of them: ${await veto(tree, vetoer, text, sizes.leaves)}`);
    return { onePhase, twoPhase };
  } finally {
    await tree.stop();
  }
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

const FIELDS: readonly (readonly [keyof Work, string])[] = [
  ['framesOut', 'frames out'],
  ['bytesOut', 'bytes out'],
  ['framesIn', 'frames in'],
  ['bytesIn', 'bytes in'],
  ['cpuMs', 'CPU ms'],
];

/** One line for each kind of work: of plain slaves, of relays. */
export function table(method: string, plain: Work, relayed: Work): string[] {
  return FIELDS.map(([field, title]) => {
    const [left, right] = [plain[field], relayed[field]];
    const cells = [left, right].map((value) => value.toFixed(2).padStart(12));
    const ratio = (right / left).toFixed(2).padStart(8);
    return `${`${method}, ${title}`.padEnd(24)}${cells.join('')}${ratio}`;
  });
}

/**
 * Names and reasons have other lengths, and acks of one-phase changes are sometimes joined; a tree
 * whose master works for its leaves would cost a hundred times as much.
 */
const MORE_MAX = 1.25;

/** @throws when the master sent or received more with relays than with as many plain slaves */
export function assertSameWork(method: string, plain: Work, relayed: Work): void {
  for (const [field, title] of FIELDS) {
    // Processor time is shown, not judged: other processes share the machine.
    if (field === 'cpuMs' || relayed[field] <= plain[field] * MORE_MAX) continue;
    throw new Error(
      `${method}: ${relayed[field]} ${title} an update with relays, ${plain[field]} without`,
    );
  }
}
