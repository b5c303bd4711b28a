/** A memory database whose calls fail on order, with what LevelDB reports for a bad disk. */
import type { AbstractBatchOperation, AbstractLevel } from 'abstract-level';
import { MemoryLevel } from 'memory-level';

type Batch = Array<AbstractBatchOperation<AbstractLevel<unknown>, string, Uint8Array>>;
type LevelFormat = Buffer | Uint8Array | string;

export type LevelCall = 'open' | 'get' | 'nextv' | 'batch' | 'clear' | 'close';

/** As classic-level reports it: a code of its own, and the C library's text. */
export function ioError(text: string): Error {
  return Object.assign(new Error(`IO error: /somewhere/000005.log: ${text}`), {
    code: 'LEVEL_IO_ERROR',
  });
}

export interface SeenBatch {
  readonly operations: number;
  readonly sync: boolean;
}

export interface FailingLevel {
  readonly level: AbstractLevel<LevelFormat, string, Uint8Array>;
  readonly calls: LevelCall[];
  readonly batches: SeenBatch[];
  /** Called before each call; throws to fail it. A promise delays it. */
  before: (call: LevelCall, index: number) => void | Promise<void>;
}

export async function failingLevel(): Promise<FailingLevel> {
  const level = new MemoryLevel<string, Uint8Array>({ storeEncoding: 'view' });
  // A new database opens itself; only what the store asks for is to be counted.
  await level.open();
  await level.close();
  const faults: FailingLevel = { level, calls: [], batches: [], before: () => undefined };
  const note = async (call: LevelCall) => {
    faults.calls.push(call);
    await faults.before(call, faults.calls.length - 1);
  };
  const wrap = (name: LevelCall, target: object) => {
    const original = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
    const replaced = async (...args: unknown[]) => {
      if (name === 'batch') {
        const { sync } = args[1] as { sync: boolean };
        faults.batches.push({ operations: (args[0] as Batch).length, sync });
      }
      await note(name);
      return original.apply(target, args);
    };
    Object.defineProperty(target, name, { value: replaced });
  };
  for (const name of ['open', 'get', 'batch', 'clear', 'close'] as const) wrap(name, level);
  const iterator = level.iterator.bind(level) as (...args: unknown[]) => object;
  Object.defineProperty(level, 'iterator', {
    value: (...args: unknown[]) => {
      const made = iterator(...args);
      wrap('nextv', made);
      return made;
    },
  });
  return faults;
}
