/**
 * Bugs put between the parts of the nodes, each a classical one of replication. A simulation that
 * does not find them within 200 seeds looks in the wrong places.
 */
import { NEEDS_SNAPSHOT } from '../../lib/layers/contract.js';
import type { Store, StoreDefinition, StoreOperation } from '../../lib/stores/contract.js';
import type { Tampering } from '../../lib/testing/simulation/tampering.js';

export interface SeededBug {
  readonly name: string;
  readonly what: string;
  readonly tampering: () => Tampering;
}

type Batch = (store: Store, operations: readonly StoreOperation[], sync: boolean) => Promise<void>;

/** The same store with other batches. */
function withBatch(definition: StoreDefinition, batch: Batch): StoreDefinition {
  return {
    durable: definition.durable,
    location: definition.location,
    open: async () => {
      const store = await definition.open();
      const own: Pick<Store, 'batch'> = {
        batch: (operations, { sync }) => batch(store, operations, sync),
      };
      // Reads and the rest are those of the real store, whatever its private parts are.
      return new Proxy(store, {
        get: (target, name) => {
          if (name === 'batch') return own.batch;
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}

const isRecord = (key: string, name: string): boolean => key.includes(`/r/${name}`);

export const BUGS: readonly SeededBug[] = [
  {
    name: 'ack-before-sync',
    what: 'the disk says synced and is not',
    tampering: () => ({ syncLies: () => true }),
  },
  {
    name: 'vote-before-promise',
    what: 'a slave says yes before its promise is on disk',
    tampering: () => ({
      store: (definition, role) => {
        if (role === 'master') return definition;
        return withBatch(definition, (store, operations, sync) => {
          const done = store.batch(operations, { sync });
          const isPromise = operations.some(
            ({ key, value }) => isRecord(key, 'promise') && value !== undefined,
          );
          if (!isPromise) return done;
          done.catch(() => {});
          return Promise.resolve();
        });
      },
    }),
  },
  {
    name: 'commit-before-decision',
    what: 'a master sends commit while its decision is still on the way to the disk',
    tampering: () => ({
      syncLies: (keys) => keys.some((key) => isRecord(key, 'decision/')),
    }),
  },
  {
    name: 'version-apart-from-data',
    what: 'data and version reach the disk in two batches',
    tampering: () => ({
      store: (definition) =>
        withBatch(definition, async (store, operations, sync) => {
          const data = operations.filter(({ key }) => key.includes('/d/'));
          const rest = operations.filter(({ key }) => !key.includes('/d/'));
          if (data.length > 0 && rest.length > 0) {
            await store.batch(data, { sync });
            await store.batch(rest, { sync });
          } else await store.batch(operations, { sync });
        }),
    }),
  },
  {
    name: 'delta-from-wrong-base',
    what: 'a master makes the delta from one version later than asked',
    tampering: () => ({
      masterLayer: (layer) => {
        const createDelta = layer.createDelta.bind(layer);
        const position = layer.position.bind(layer);
        layer.createDelta = async (from, to) => {
          const later = await createDelta(from + 1, to);
          const isPossible = later !== NEEDS_SNAPSHOT && from + 1 < (position()?.version ?? 0);
          return isPossible ? later : createDelta(from, to);
        };
      },
    }),
  },
  {
    name: 'shows-before-durable',
    what: 'a slave shows and confirms a change whose write is still under way',
    tampering: () => ({
      slaveLayer: (layer) => {
        const commit = layer.commit.bind(layer);
        layer.commit = (delta, next, context) =>
          commit(delta, next, {
            ...context,
            write: (operations) => {
              const written = context.write(operations);
              if (written instanceof Promise) written.catch(() => {});
              return undefined;
            },
          });
      },
    }),
  },
  {
    name: 'taken-twice',
    what: 'a slave gives each increment to its layer twice',
    tampering: () => ({
      slaveLayer: (layer) => {
        const commit = layer.commit.bind(layer);
        layer.commit = async (delta, next, context) => {
          await commit(delta, next, context);
          await commit(delta, next, context);
        };
      },
    }),
  },
  {
    name: 'dropped-resend',
    what: 'a slave asks for what it lacks once in its life, and never again',
    tampering: () => {
      const asked = new Set<string>();
      return {
        drops: (node, message) => {
          if (message.kind !== 'request') return false;
          const life = `${node} ${message.envelope.incarnation}`;
          if (asked.has(life)) return true;
          asked.add(life);
          return false;
        },
      };
    },
  },
];

export function bugOf(name: string): SeededBug | undefined {
  return BUGS.find((bug) => bug.name === name);
}
