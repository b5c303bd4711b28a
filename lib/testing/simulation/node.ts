/** One master or slave of a simulation over all its lives: its disk stays, its processes die. */
import type { Point, Position } from '../../../machines/protocol.js';
import { type ErrorCode, ReplicationError } from '../../errors.js';
import type { MasterUserLayer, SlaveUserLayer } from '../../layers/contract.js';
import { createMaster, type Master } from '../../master.js';
import type { Trouble } from '../../service/status.js';
import { createSlave, type Slave } from '../../slave.js';
import type { StoreDefinition } from '../../stores/contract.js';
import { HEALTHY, type PowerLoss, type SimulatedDisk } from './disk.js';
import { recordIn, recordsLike } from './disk-records.js';
import { type HostMood, wellBehaved, wrapMasterHost, wrapSlaveHost } from './host.js';
import { SimulatedProcess } from './process.js';
import { MasterWire, SlaveWire, type WireTap } from './wire.js';
import { ITEM, type World } from './world.js';

type LifeState = 'starting' | 'running' | 'failed' | 'stopped';

/** One process of a node. */
export interface Life<Face> {
  readonly process: SimulatedProcess;
  readonly wire: { kill(): void };
  readonly face: Face;
  /** Where the data stands: the layer knows before the protocol does. */
  readonly place: () => Position | null;
  state: LifeState;
}

interface Face {
  readonly position: Position | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  on(event: 'trouble', listener: (trouble: Trouble) => void): () => void;
}

/** What only a broken promise of ours can be the reason for. */
const CRASH = /effect .* failed|crashed/;

export abstract class SimulatedNode<F extends Face, M, S> {
  abstract readonly role: 'master' | 'slave';
  readonly name: string;
  disk: SimulatedDisk | null;
  readonly mood: HostMood = wellBehaved();
  readonly world: World<M, S>;
  life: Life<F> | null = null;
  /** Set where a fault made what the disk holds unfit: a refusal to start is then right. */
  onStartFailed: (error: ReplicationError) => void = () => {};
  onStarted: () => void = () => {};

  constructor(world: World<M, S>, name: string, disk: SimulatedDisk | null) {
    this.world = world;
    this.name = name;
    this.disk = disk;
    if (disk !== null && world.tampering.syncLies !== undefined) {
      disk.syncLies = world.tampering.syncLies;
    }
  }

  get isAlive(): boolean {
    return this.life !== null;
  }

  get isRunning(): boolean {
    return this.life?.state === 'running';
  }

  /** Makes a process and starts it; how that ends is told by the two hooks. */
  boot(): void {
    if (this.life !== null) return;
    const process = new SimulatedProcess(this.world.clock);
    const life: Life<F> = { ...this.make(process), process, state: 'starting' };
    this.life = life;
    this.world.trace.note(`${this.name} starts`);
    life.face.on('trouble', (trouble) => this.#troubled(trouble));
    life.face.start().then(
      () => {
        if (this.life !== life || process.isDead) return;
        life.state = 'running';
        this.world.trace.note(`${this.name} runs at ${life.face.position?.version ?? 'nothing'}`);
        this.started();
        this.onStarted();
      },
      (error: unknown) => {
        if (this.life === life && !process.isDead) this.#failed(life, error);
      },
    );
  }

  /** Dies as a process does: no goodbye, no flush. A power cut takes unsynced writes as well. */
  kill(loss: PowerLoss | null): void {
    const { life } = this;
    if (life === null) return;
    this.world.trace.note(`${this.name} is killed${loss === null ? '' : `, power cut: ${loss}`}`);
    this.ending(loss !== null);
    life.process.kill();
    life.wire.kill();
    this.life = null;
    this.disk?.crash(loss);
  }

  /** An orderly stop; resolves when it is over. */
  async stop(): Promise<void> {
    const { life } = this;
    if (life === null) return;
    this.world.trace.note(`${this.name} stops`);
    life.state = 'stopped';
    life.process.resume('timers-first');
    try {
      await life.face.stop();
    } catch (error) {
      this.world.trace.note(`${this.name} stopped badly: ${codeOf(error)}`);
    }
    if (this.life !== life) return;
    this.ending(false);
    this.life = null;
    life.wire.kill();
    life.process.kill();
    this.disk?.crash(null);
  }

  healDisk(): void {
    if (this.disk !== null) this.disk.health = HEALTHY;
  }

  /** Every fault that sits in the node ends. */
  recover(): void {
    this.healDisk();
    Object.assign(this.mood, wellBehaved());
    this.life?.process.setRate(1);
    this.life?.process.resume('arrivals-first');
  }

  protected abstract make(process: SimulatedProcess): Omit<Life<F>, 'process' | 'state'>;
  protected abstract started(): void;
  protected abstract ending(isPowerCut: boolean): void;

  protected storeOf(process: SimulatedProcess): { store?: StoreDefinition } {
    if (this.disk === null) return {};
    const store = this.disk.mount(process);
    return { store: this.world.tampering.store?.(store, this.role) ?? store };
  }

  protected get tap(): WireTap {
    const { name, role, disk, world } = this;
    const node = { name, role, disk };
    return {
      sent: (frame, peers) => {
        const message = world.watch.sent(node, frame, peers);
        return world.tampering.drops?.(name, message) !== true;
      },
    };
  }

  #troubled({ code, reason }: Trouble): void {
    this.world.trace.note(`${this.name} trouble ${code}: ${reason}`);
    if (CRASH.test(reason)) this.world.oracle.note(`S14: ${this.name}: ${reason}`);
  }

  #failed(life: Life<F>, thrown: unknown): void {
    life.state = 'failed';
    const code = codeOf(thrown);
    this.world.trace.note(`${this.name} cannot start: ${code}`);
    if (!(thrown instanceof ReplicationError)) {
      this.world.oracle.note(`S14: start of ${this.name} threw no coded error: ${String(thrown)}`);
      return;
    }
    this.life = null;
    life.process.kill();
    life.wire.kill();
    this.disk?.crash(null);
    this.onStartFailed(thrown);
  }
}

export function codeOf(thrown: unknown): ErrorCode | 'unknown' {
  return thrown instanceof ReplicationError ? thrown.code : 'unknown';
}

type Watched = { subscribe?: (listener: () => void) => () => void };

export class MasterNode<M, S> extends SimulatedNode<Master<M>, M, S> {
  readonly role = 'master';
  takeover = false;

  /** Tells the oracle what it shows now. */
  observe(): void {
    const { life, world, name } = this;
    const position = life?.place() ?? null;
    if (life === null || position === null) return;
    const { data } = life.face;
    world.trace.note(`${name} shows ${position.version} ${position.digest}`);
    world.oracle.masterShows({
      who: name,
      position,
      fingerprint: world.workload.fingerprint(data),
      shows: (number) => world.workload.shows(data, number),
    });
  }

  /** A decision past the original: the next start redoes it (P9). */
  #lookForRedo(): void {
    const image = this.disk?.shown;
    if (image === undefined) return;
    const position = recordIn(image, 'master', ITEM, 'position') as Position | undefined;
    const decisions = recordsLike(image, 'master', ITEM, 'decision/') as { to: Point }[];
    const isAhead = decisions.some(({ to }) => to.version > (position?.version ?? 0));
    if (isAhead) this.world.coverage.hit('a decided change was redone by a restart');
  }

  protected make(process: SimulatedProcess) {
    const { world, name } = this;
    const { constants } = world;
    this.#lookForRedo();
    const layer = world.workload.layer().createMasterLayer();
    wrapMasterHost(layer as MasterUserLayer, this.mood, process);
    world.tampering.masterLayer?.(layer as MasterUserLayer);
    const wire = new MasterWire(world.network.listen(name), process, this.tap);
    const face = createMaster<M>({
      item: ITEM,
      id: name,
      data: layer,
      transport: wire,
      clock: process,
      ids: world.ids(name),
      heartbeat: constants.heartbeatMs,
      voteTimeout: constants.voteMs,
      queueMax: constants.queueMax,
      history: constants.historyMax,
      participants: constants.participants,
      unreachable: constants.unreachable,
      takeover: this.takeover,
      ...world.inspection,
      ...this.storeOf(process),
    });
    const seen = () => {
      if (!process.isDead) this.observe();
    };
    (face.data as Watched).subscribe?.(seen) ?? face.on('position', seen);
    // What a restart finds on its disk was committed, though nobody saw it happen.
    face.on('status', ({ position }) => {
      if (position !== null && !process.isDead) world.oracle.committed(position);
    });
    return { wire, face, place: () => layer.position() };
  }

  protected started(): void {
    this.takeover = false;
    this.observe();
  }

  protected ending(isPowerCut: boolean): void {
    const round = this.life?.face.status.round ?? null;
    if (round !== null) this.world.coverage.hit('a master died with an open round');
    if (isPowerCut) this.world.oracle.powerCut();
  }
}

export class SlaveNode<M, S> extends SimulatedNode<Slave<S>, M, S> {
  readonly role = 'slave';
  /** The id under which it joins; another one makes it a new slave to its master. */
  id: string;
  /** The master it is configured to follow. */
  follows: string;

  constructor(world: World<M, S>, name: string, disk: SimulatedDisk | null, follows: string) {
    super(world, name, disk);
    this.id = name;
    this.follows = follows;
  }

  observe(): void {
    const { life, world, name } = this;
    const position = life?.place() ?? null;
    if (life === null || position === null) return;
    const { data } = life.face;
    world.trace.note(`${name} shows ${position.version} ${position.digest}`);
    world.oracle.slaveShows({
      who: name,
      position,
      fingerprint: world.workload.fingerprint(data),
      shows: (number) => world.workload.shows(data, number),
    });
  }

  protected make(process: SimulatedProcess) {
    const { world, name } = this;
    const { constants } = world;
    const layer = world.workload.layer().createSlaveLayer();
    const user = layer as SlaveUserLayer;
    wrapSlaveHost(user, this.mood, process);
    const commit = user.commit.bind(user);
    user.commit = (delta, next, context) => {
      if (!process.isDead) world.oracle.slaveTakes(name, user.position(), next);
      return commit(delta, next, context);
    };
    world.tampering.slaveLayer?.(user);
    const inner = world.network.connect({ to: this.follows, name, reconnectMsMax: 500 });
    const wire = new SlaveWire(inner, process, this.tap);
    const face = createSlave<S>({
      item: ITEM,
      id: this.id,
      data: layer,
      transport: wire,
      clock: process,
      ids: world.ids(name),
      silence: constants.silenceMs,
      prepareTimeout: constants.prepareMs,
      retry: constants.retryMs,
      jitter: constants.jitterMs,
      ...world.inspection,
      ...this.storeOf(process),
    });
    const seen = () => {
      if (!process.isDead) this.observe();
    };
    (face.data as Watched).subscribe?.(seen) ?? face.on('position', seen);
    face.on('reset', ({ from, to }) => {
      world.coverage.hit('a slave was reset');
      world.trace.note(`${name} was reset from ${from.version} to ${to.version}`);
      world.oracle.slaveReset(name, from, to);
    });
    return { wire, face, place: () => layer.position() };
  }

  protected started(): void {
    this.observe();
  }

  protected ending(isPowerCut: boolean): void {
    const { world, name } = this;
    if (this.life?.face.status.round !== 'none') {
      world.coverage.hit('a slave died with a prepared round');
    }
    world.oracle.slaveForgets(name, this.disk === null || isPowerCut);
  }
}
