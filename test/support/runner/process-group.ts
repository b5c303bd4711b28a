/** A test process leads a process group, so that whatever it started can be ended with it. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const GRACE_MS = 5000;
const POLL_MS = 50;

/** Ends the child and everything in its group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
}

function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** State letter and group of a line of /proc/PID/stat; the name before them may hold anything. */
function stateAndGroup(pid: string): readonly [string, number] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return [fields[0] ?? '', Number(fields[2])];
  } catch {
    return undefined; // it ended while we looked
  }
}

/** Zombies do not count: in a container nobody may ever reap them. */
function hasLiveMember(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  if (!existsSync('/proc/self/stat')) return true;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    const [state, group] = stateAndGroup(pid) ?? ['Z', 0];
    return group === leader && state !== 'Z';
  });
}

/** Whether anything of the child's group still runs after a short grace. */
export async function groupIsAlive(child: ChildProcess): Promise<boolean> {
  if (child.pid === undefined) return false;
  const deadline = performance.now() + GRACE_MS;
  while (hasLiveMember(child.pid)) {
    if (performance.now() > deadline) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}
