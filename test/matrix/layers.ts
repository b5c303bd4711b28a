/** The user layers of the matrix behind one face: put a text, get a text, refuse a text. */
import {
  createMaster,
  createSlave,
  document,
  keyValue,
  type Master,
  type MasterOptions,
  type ReplicationTask,
  type Slave,
  type SlaveOptions,
  type UpdateOptions,
} from '../../lib/index.js';
import { ownLayer } from './own-layer.js';
import type { Refusal } from './refusal.js';

export interface MatrixMaster {
  readonly node: Pick<Master<unknown>, 'start' | 'stop' | 'slaves' | 'position'>;
  put(key: string, value: string, options?: UpdateOptions): ReplicationTask;
}

export interface MatrixSlave {
  readonly node: Pick<
    Slave<unknown>,
    'start' | 'stop' | 'waitFor' | 'current' | 'status' | 'position'
  >;
  get(key: string): string | undefined;
}

type MasterParts = Omit<MasterOptions<never>, 'data'>;
type SlaveParts = Omit<SlaveOptions<never>, 'data'>;

export interface MatrixLayerKind {
  readonly name: string;
  master(parts: MasterParts): MatrixMaster;
  slave(parts: SlaveParts, refuse: Refusal): MatrixSlave;
}

type Tree = Record<string, string>;

const documents: MatrixLayerKind = {
  name: 'document',
  master: (parts) => {
    const node = createMaster({ ...parts, data: document<Tree>({}) });
    const put = (key: string, value: string, options?: UpdateOptions) =>
      node.data.update((draft) => {
        draft[key] = value;
      }, options);
    return { node, put };
  },
  slave: (parts, refuse) => {
    const prepare = (next: Tree, previous: Tree | undefined) => {
      for (const [key, value] of Object.entries(next)) {
        if (previous?.[key] !== value) refuse(key, value);
      }
    };
    const node = createSlave({ ...parts, data: document<Tree>({}, { prepare }) });
    return { node, get: (key) => node.data.get()?.[key] };
  },
};

const keyValues: MatrixLayerKind = {
  name: 'keyValue',
  master: (parts) => {
    const node = createMaster({ ...parts, data: keyValue<string>() });
    return { node, put: (key, value, options) => node.data.set(key, value, options) };
  },
  slave: (parts, refuse) => {
    const data = keyValue<string>({
      prepare: (changes) => {
        for (const change of changes) {
          if (change.op === 'set') refuse(change.key, change.value);
        }
      },
    });
    const node = createSlave({ ...parts, data });
    return { node, get: (key) => node.data.get(key) };
  },
};

const own: MatrixLayerKind = {
  name: 'own layer',
  master: (parts) => {
    const node = createMaster({ ...parts, data: ownLayer() });
    return { node, put: (key, value, options) => node.data.set(key, value, options) };
  },
  slave: (parts, refuse) => {
    const node = createSlave({ ...parts, data: ownLayer(refuse) });
    return { node, get: (key) => node.data.get(key) };
  },
};

export const layerKinds: readonly MatrixLayerKind[] = [documents, keyValues, own];
