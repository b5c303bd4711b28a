/**
 * The data of a node: one object for its whole life, over a copy or an original by turns. Reads go
 * to whatever it has; changes to its master while it leads, and to an error that names the leader
 * while it does not.
 */
import type { Position } from '../../machines/protocol.js';
import type { ReplicationError } from '../errors.js';
import type {
  LayerDefinition,
  LayerStorage,
  MasterService,
  MasterUserLayer,
  SlaveUserLayer,
} from '../layers/contract.js';
import { chain } from '../layers/maybe.js';
import type { ReplicationTask, UpdateOptions } from '../service/task.js';
import { type Confirming, NodeTask, refusedTask } from './node-tasks.js';

/** Reads as a slave has them, changes as a master has them. */
export type NodeData<MasterData, SlaveData> = SlaveData & Omit<MasterData, keyof SlaveData>;

type Listener = (...values: readonly unknown[]) => void;
type Layer = Readonly<Record<PropertyKey, unknown>>;

export interface NodeDataOptions<MasterData, SlaveData> {
  readonly definition: LayerDefinition<MasterData, SlaveData>;
  /** Who confirms; its refusal says who leads instead. */
  readonly node: Confirming;
  readonly ids: () => string;
}

/** Private fields of a layer are its own: its methods have to be called on it. */
function memberOf(layer: object, name: PropertyKey): unknown {
  const member = (layer as Layer)[name];
  return typeof member === 'function' ? member.bind(layer) : member;
}

export class NodeDataSource<MasterData extends object, SlaveData extends object> {
  readonly data: NodeData<MasterData, SlaveData>;
  /** What master and slave are made with; each start makes a fresh layer. */
  readonly layers: LayerDefinition<MasterData, SlaveData>;
  readonly #options: NodeDataOptions<MasterData, SlaveData>;
  /** Never opened: it tells which names are changes. */
  readonly #pattern: object;
  /** Read until a first copy is open: of where it stands a layer need not know before. */
  readonly #unopened: SlaveUserLayer;
  #active: MasterUserLayer | SlaveUserLayer;
  readonly #listeners = new Set<Listener>();
  #unsubscribe: Array<() => void> = [];

  constructor(options: NodeDataOptions<MasterData, SlaveData>) {
    this.#options = options;
    const { definition } = options;
    this.#pattern = definition.createMasterLayer() as object;
    this.#unopened = definition.createSlaveLayer();
    this.#active = this.#unopened;
    this.layers = {
      createMasterLayer: () => this.#newOriginal(),
      createSlaveLayer: () => this.#newCopy(),
    };
    this.data = new Proxy(Object.create(null) as NodeData<MasterData, SlaveData>, {
      get: (_, name) => this.#member(name),
      has: (_, name) => name in this.#active || name in this.#pattern,
    });
  }

  /** Of what is read at this moment; null before a first copy is open. */
  get position(): Position | null {
    return this.#active === this.#unopened ? null : this.#active.position();
  }

  /** The one a master works on; shown to readers once it is the node's. */
  #newOriginal(): MasterUserLayer & MasterData {
    const layer = this.#options.definition.createMasterLayer();
    const { node } = this.#options;
    const attach = (service: MasterService<unknown, unknown>) => {
      this.#use(layer);
      layer.attach(gated(service, node, this.#options.ids));
    };
    return new Proxy(layer, {
      get: (target, name) => (name === 'attach' ? attach : memberOf(target, name)),
    });
  }

  /** Shown to readers once it holds what the store has: till then they keep what they had. */
  #newCopy(): SlaveUserLayer & SlaveData {
    const layer = this.#options.definition.createSlaveLayer();
    const open = (storage: LayerStorage | null) =>
      chain(layer.open?.(storage), () => this.#use(layer));
    return new Proxy(layer, {
      get: (target, name) => (name === 'open' ? open : memberOf(target, name)),
    });
  }

  #use(layer: MasterUserLayer | SlaveUserLayer): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#active = layer;
    this.#unsubscribe = [];
    for (const listener of this.#listeners) this.#listenTo(layer, listener);
  }

  #member(name: PropertyKey): unknown {
    if (name === 'subscribe' && name in this.#active) return this.#subscribe;
    if (name in this.#active) return memberOf(this.#active, name);
    const change = (this.#pattern as Layer)[name];
    if (typeof change !== 'function') return undefined;
    return () => this.#refuse();
  }

  #refuse(): ReplicationTask {
    const { node, ids } = this.#options;
    return refusedTask(node.refusal() as ReplicationError, ids());
  }

  readonly #subscribe = (listener: Listener): (() => void) => {
    const own: Listener = (...values) => listener(...values);
    this.#listeners.add(own);
    this.#listenTo(this.#active, own);
    return () => {
      this.#listeners.delete(own);
      // The others are listened to again: which subscription was whose is the layer's affair.
      this.#use(this.#active);
    };
  };

  #listenTo(layer: object, listener: Listener): void {
    const subscribe = memberOf(layer, 'subscribe');
    if (typeof subscribe !== 'function') return;
    const end: unknown = (subscribe as (listener: Listener) => unknown)(listener);
    if (typeof end === 'function') this.#unsubscribe.push(end as () => void);
  }
}

/** Every change of the original goes through the node: nothing is confirmed behind its back. */
function gated(
  service: MasterService<unknown, unknown>,
  node: Confirming,
  ids: () => string,
): MasterService<unknown, unknown> {
  type Submit = (change: unknown, options?: UpdateOptions) => ReplicationTask;
  const through =
    (submit: Submit): Submit =>
    (change, options) => {
      const refusal = node.refusal();
      if (refusal !== null) return refusedTask(refusal, ids());
      return new NodeTask(submit(change, options), options, node);
    };
  return {
    start: (initial) => service.start(initial),
    submit: through((change, options) => service.submit(change, options)),
    announce: through((change, options) => service.announce(change, options)),
    propose: through((change, options) => service.propose(change, options)),
    rollback: (id, reason) => service.rollback(id, reason),
  };
}
