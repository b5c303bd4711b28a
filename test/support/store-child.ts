/** Store scripts in processes of their own, to be killed or refused. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const DEADLINE_MS = 100_000;

const urlOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Names of the package that every script may use. */
const PRELUDE = `
  import { writeSync } from 'node:fs';
  const { diskStore } = await import(${urlOf('../../lib/stores/disk.js')});
  const { openItemStorage } = await import(${urlOf('../../lib/stores/open-item-storage.js')});
  const say = (value) => writeSync(1, JSON.stringify(value) + '\\n');
  const open = async (folder) =>
    openItemStorage(await diskStore(folder).open(), { item: 'settings', role: 'master' });
`;

export interface StoreChild {
  /** The next line the script said, parsed; undefined when it ended. */
  next(): Promise<unknown>;
  /** Ends it as a power cut for processes does, and waits until it is gone. */
  kill(): Promise<void>;
}

export function startChild(script: string): StoreChild {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--input-type=module', '-e', PRELUDE + script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (child.stdout === null) throw new Error('the child has no output');
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  child.once('close', () => clearTimeout(timer));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next() {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
