/**
 * T24-T26: each single write of a small cluster's disks fails once, full or broken; nothing ends
 * the process, every caller hears a code, and what is on disk afterwards is what was acknowledged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReplicationError } from '../../lib/errors.js';
import type { UpdateOptions } from '../../lib/service/task.js';
import { ioError } from '../support/store-failing-level.js';
import { type MasterNode, RecordedCluster, type SlaveNode, stopAll } from './cluster.js';
import { killed } from './crash-images.js';
import { Judge } from './judge.js';

const TEXTS = { ENOSPC: 'No space left on device', EIO: 'Input/output error' } as const;
const OPTIONS: readonly UpdateOptions[] = [
  {},
  { method: 'two-phase', timeout: 500 },
  { durability: 'os' },
  { method: 'two-phase', timeout: 500 },
];

/** What a caller may be told when a disk fails; the first two only by the one whose disk it is. */
const CODES = new Set(['STORE_FAILED', 'OUTCOME_UNKNOWN', 'ABORTED', 'NOT_RUNNING', 'TIMEOUT']);

export interface FailingFigures {
  readonly failed: number;
  readonly problems: readonly string[];
}

async function told(call: PromiseLike<unknown>): Promise<string | null> {
  try {
    await call;
    return null;
  } catch (thrown) {
    if (thrown instanceof ReplicationError && CODES.has(thrown.code)) return null;
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
}

async function live(cluster: RecordedCluster): Promise<string[]> {
  const nodes: Array<MasterNode | SlaveNode> = [];
  const problems: Array<string | null> = [];
  const begin = async (): Promise<void> => {
    const master = await cluster.startMaster();
    nodes.push(master);
    const slave = await cluster.startSlave('s1');
    nodes.push(slave);
    await slave.tree.current({ timeout: 1000 });
    for (const [step, options] of OPTIONS.entries()) {
      const changing = master.tree.data.update((draft) => {
        draft[`k${step}`] = step;
      }, options);
      problems.push(await told(changing));
      problems.push(await told(master.table.data.set(`k${step}`, step, options)));
    }
  };
  problems.push(await told(begin()));
  for (const node of nodes.reverse()) problems.push(await told(stopAll(node)));
  return problems.filter((problem) => problem !== null);
}

/** Fails write number `failing` of one folder; null when there are not that many. */
async function failOne(id: string, failing: number, text: string): Promise<string[] | null> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-failing-'));
  let writes = 0;
  const beforeWrite = (name: string): void => {
    if (!name.endsWith(`/${id}`)) return;
    writes += 1;
    if (writes === failing) throw ioError(text);
    // The store promises to ask its disk for nothing more after that (F7).
    if (writes > failing) throw new Error('a write after a failed one');
  };
  const cluster = new RecordedCluster({ name: 'failing', folder, beforeWrite });
  await cluster.open();
  try {
    const problems = await live(cluster);
    if (writes < failing) return null;
    if (writes > failing) problems.push(`${writes - failing} writes after the failed one`);
    for (const recording of cluster.close()) {
      const last = recording.moments.at(-1);
      if (last === undefined) continue;
      const judge = new Judge(join(folder, 'judged'), cluster.shown);
      const { wrong } = await judge.judge(killed(recording, last), false);
      if (wrong !== null) problems.push(`${recording.name}: ${wrong}`);
    }
    return problems;
  } finally {
    cluster.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param every 1 fails each write, 3 each third one */
export async function failWrites(every: number): Promise<FailingFigures> {
  const problems: string[] = [];
  let failed = 0;
  for (const [code, text] of Object.entries(TEXTS)) {
    for (const id of ['master', 's1']) {
      for (let failing = 1; ; failing += every) {
        const found = await failOne(id, failing, text);
        if (found === null) break;
        failed += 1;
        for (const each of found) problems.push(`${code} at write ${failing} of ${id}: ${each}`);
      }
    }
  }
  return { failed, problems };
}
