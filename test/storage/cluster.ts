/** One master and two slaves with two items each, on recorded folders, in one process. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import type { StoreDefinition } from '../../lib/stores/contract.js';
import { diskStore } from '../../lib/stores/disk.js';
import type { MasterTransport, SlaveTransport } from '../../lib/transports/contract.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';
import type { Position } from '../../machines/protocol.js';
import { type EngineWatcher, tapEngine } from './engine-tap.js';
import { FolderRecorder, type FolderRecording, type RecorderOptions } from './recorder.js';

export type Tree = Record<string, unknown>;
export const TREE_ITEM = 'tree';
export const TABLE_ITEM = 'table';

/** Small, so that logs change and tables are made and compacted within a short life. */
export const WRITE_BUFFER_BYTES = 64 * 1024;

/** Histories are short, so that a slave that was away gets a snapshot. */
const HISTORY = 12;

/** What a slave's layer does before it votes; the workload changes it. */
export const voting = { delayMs: 0, refusesVeto: true };

async function vote(isVetoed: boolean): Promise<void> {
  if (voting.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, voting.delayMs));
  if (isVetoed && voting.refusesVeto) throw new Veto('asked to');
}

export const treeLayer = () =>
  document<Tree>(
    { started: true },
    { statesMax: HISTORY, prepare: (next) => vote('veto' in next) },
  );

export const tableLayer = () =>
  keyValue<unknown>({
    tombstonesMax: HISTORY,
    prepare: (changes) => vote(changes.some(({ key }) => key === 'veto')),
  });

export function makeMaster(store: StoreDefinition, transport: MasterTransport) {
  const shared = { transport, store, heartbeat: 100, voteTimeout: 3000, history: HISTORY };
  return {
    tree: createMaster({ ...shared, item: TREE_ITEM, data: treeLayer() }),
    table: createMaster({ ...shared, item: TABLE_ITEM, data: tableLayer() }),
  };
}

export function makeSlave(id: string, store: StoreDefinition, transport: SlaveTransport) {
  const shared = { transport, store, id, jitter: 1, retry: 50 };
  return {
    tree: createSlave({ ...shared, item: TREE_ITEM, data: treeLayer() }),
    table: createSlave({ ...shared, item: TABLE_ITEM, data: tableLayer() }),
  };
}

export type MasterNode = ReturnType<typeof makeMaster>;
export type SlaveNode = ReturnType<typeof makeSlave>;

export interface ClusterOptions
  extends Pick<RecorderOptions, 'distortion' | 'skipsFileSync' | 'beforeWrite'> {
  /** Of the recordings; folders are made below `folder`. */
  readonly name: string;
  readonly folder: string;
}

/** What readers may see: content by item, version and digest. */
export type Shown = Map<string, string>;

export function shownKey(item: string, { version, digest }: Position): string {
  return `${item} ${version} ${digest}`;
}

/** The content as one text, whatever the order of keys. */
export function contentText(data: Tree | Iterable<readonly [string, unknown]> | undefined): string {
  if (data === undefined) return 'nothing';
  const isList = Symbol.iterator in data;
  const entries = isList ? [...(data as Iterable<[string, unknown]>)] : Object.entries(data);
  return JSON.stringify(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

export class RecordedCluster {
  readonly shown: Shown = new Map();
  readonly #options: ClusterOptions;
  readonly #network = memoryNetwork();
  readonly #watchers = new Map<string, EngineWatcher>();
  readonly #recorders = new Map<string, FolderRecorder>();
  #untap: () => void = () => undefined;
  #address = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#untap = await tapEngine(this.#watchers);
  }

  async startMaster(): Promise<MasterNode> {
    this.#address += 1;
    const store = await this.#store('master', 'master');
    const node = makeMaster(store, this.#network.listen(`master-${this.#address}`));
    await Promise.all([node.tree.start(), node.table.start()]);
    this.look(node);
    return node;
  }

  async startSlave(id: string): Promise<SlaveNode> {
    const store = await this.#store(id, 'slave');
    const to = `master-${this.#address}`;
    const node = makeSlave(id, store, this.#network.connect({ to, name: id }));
    await Promise.all([node.tree.start(), node.table.start()]);
    return node;
  }

  /** Notes what readers of a node see now. */
  look({ tree, table }: MasterNode | SlaveNode): void {
    if (tree.position !== null) {
      this.shown.set(shownKey(TREE_ITEM, tree.position), contentText(tree.data.get()));
    }
    if (table.position !== null) {
      this.shown.set(shownKey(TABLE_ITEM, table.position), contentText(table.data.entries()));
    }
  }

  close(): FolderRecording[] {
    this.#untap();
    return [...this.#recorders.values()].map((recorder) => recorder.finish());
  }

  async #store(id: string, role: 'master' | 'slave'): Promise<StoreDefinition> {
    const folder = join(this.#options.folder, id);
    await mkdir(folder, { recursive: true });
    let recorder = this.#recorders.get(folder);
    if (recorder === undefined) {
      recorder = new FolderRecorder({
        ...this.#options,
        name: `${this.#options.name}/${id}`,
        role,
        folder,
      });
      this.#recorders.set(folder, recorder);
      this.#watchers.set(folder, recorder);
    }
    return recorder.watch(diskStore(folder, { writeBufferBytes: WRITE_BUFFER_BYTES }));
  }
}

export async function stopAll(node: MasterNode | SlaveNode): Promise<void> {
  await Promise.all([node.tree.stop(), node.table.stop()]);
}
