/** What the simulated hosts replicate: a layer, its changes, and how to see a change in a copy. */

import type { LayerDefinition } from '../../layers/contract.js';
import { document } from '../../layers/document/document.js';
import type { DocumentMasterData } from '../../layers/document/master.js';
import type { DocumentSlaveData } from '../../layers/document/slave.js';
import { keyValue } from '../../layers/key-value/key-value.js';
import type { KeyValueMasterData } from '../../layers/key-value/master.js';
import type { KeyValueOperation } from '../../layers/key-value/options.js';
import type { KeyValueSlaveData } from '../../layers/key-value/slave.js';
import type { Random } from '../../runtime/random.js';
import type { ReplicationTask, UpdateOptions } from '../../service/task.js';

/** One change of a simulated host. */
export interface SimulatedChange {
  /** Counted from 1 over the whole run. */
  readonly number: number;
  /** An earlier change whose trace this one deletes, or null. */
  readonly removes: number | null;
  /** The master's own schema shall refuse it. */
  readonly isRefused: boolean;
  readonly random: Random;
}

/** How a simulation drives one kind of data. */
export interface SimulatedWorkload<MasterData, SlaveData> {
  /** A definition for one process; called again for every life. */
  readonly layer: () => LayerDefinition<MasterData, SlaveData>;
  /** Submits one change. It has to leave a mark that `shows` finds again. */
  readonly change: (
    data: MasterData,
    change: SimulatedChange,
    options: UpdateOptions,
  ) => ReplicationTask;
  /** Whether the mark of change `number` is there. */
  readonly shows: (data: MasterData | SlaveData, number: number) => boolean;
  /** Equal where the content is equal. */
  readonly fingerprint: (data: MasterData | SlaveData) => string;
}

const mark = (number: number): string => `k${number}`;

/** A Standard Schema that refuses what `isBad` finds: the reason a host's validator gives. */
function refusing<T>(isBad: (value: T) => boolean) {
  return {
    '~standard': {
      version: 1 as const,
      vendor: 'replichart simulation',
      validate: (value: unknown) =>
        isBad(value as T) ? { issues: [{ message: 'refused on purpose' }] } : { value: value as T },
    },
  };
}

/** The tree of the document workload: marks, a counter of them, and a list that moves. */
export interface SimulatedTree {
  [mark: string]: unknown;
}

/** Text that is too long for one small frame now and then. */
function filling(random: Random): string {
  return 'x'.repeat(random() < 0.15 ? 2_000 + Math.floor(random() * 6_000) : 8);
}

/**
 * A tree of marks, a counter and a list. Increments say what values become, so that one taken twice
 * leaves no trace in the content: S8 is judged by where the layer is led (oracle.ts).
 */
export function documentWorkload(): SimulatedWorkload<
  DocumentMasterData<SimulatedTree>,
  DocumentSlaveData<SimulatedTree>
> {
  return {
    layer: () =>
      document<SimulatedTree>({}, { schema: refusing<SimulatedTree>((tree) => 'refused' in tree) }),
    change: (data, { number, removes, isRefused, random }, options) => {
      const text = filling(random);
      return data.update((draft) => {
        if (isRefused) draft.refused = true;
        draft[mark(number)] = text;
        draft.changes = Number(draft.changes ?? 0) + 1;
        draft.list = [number, ...((draft.list as number[] | undefined) ?? [])].slice(0, 5);
        if (removes !== null) delete draft[mark(removes)];
      }, options);
    },
    shows: (data, number) => mark(number) in data.get(),
    fingerprint: (data) => data.contentHash(),
  };
}

/** Marks as keys of a map, beside one key that every change overwrites. */
export function keyValueWorkload(): SimulatedWorkload<
  KeyValueMasterData<string>,
  KeyValueSlaveData<string>
> {
  return {
    layer: () =>
      keyValue<string>({
        tombstonesMax: 20,
        schema: refusing<string>((value) => value === 'refused'),
      }),
    change: (data, { number, removes, isRefused, random }, options) => {
      const text = isRefused ? 'refused' : filling(random);
      const operations: KeyValueOperation<string>[] = [
        { op: 'set', key: mark(number), value: text },
        { op: 'set', key: 'last', value: String(number) },
      ];
      if (removes !== null) operations.push({ op: 'delete', key: mark(removes) });
      return data.batch(operations, options);
    },
    shows: (data, number) => data.has(mark(number)),
    fingerprint: (data) => data.contentHash(),
  };
}
