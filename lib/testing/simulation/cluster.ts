/** All nodes of one simulation, and the operator who keeps them going. */
import type { Epoch } from '../../../machines/protocol.js';
import type { ReplicationError } from '../../errors.js';
import type { Random } from '../../runtime/random.js';
import { type DiskImage, type PowerLoss, SimulatedDisk } from './disk.js';
import { recordIn } from './disk-records.js';
import { MasterNode, SlaveNode } from './node.js';
import { ITEM, type World } from './world.js';

/** What a start may fail with when nothing was done to the disk but to refuse a write. */
const DISK_CODES = new Set(['STORE_FAILED']);

export class Cluster<M, S> {
  readonly world: World<M, S>;
  readonly slaves: SlaveNode<M, S>[] = [];
  /** All masters there ever were; the last one is the one that counts. */
  readonly masters: MasterNode<M, S>[] = [];
  /** Ids that will not come back: a master that knows them waits for them until told (P20). */
  readonly goneIds = new Set<string>();
  /** A second process under the id of a slave, or null. */
  clone: SlaveNode<M, S> | null = null;
  /**
   * Set once a fault took what masters promised on disk: slaves may then be ahead of their master,
   * and it takes a person's order to go on (P16, P22).
   */
  needsOperator = false;
  /** Of the master that counts; null until it started. */
  #term: number | null = null;
  readonly #restarts = new Map<string, number>();
  readonly #images = new Map<string, DiskImage>();
  readonly #operatorRandom: Random;

  constructor(world: World<M, S>, slaves: number) {
    this.world = world;
    this.#operatorRandom = world.random('operator');
    this.addMaster('m1', this.newDisk('m1'));
    for (let index = 1; index <= slaves; index += 1) {
      const name = `s${index}`;
      const isDiskless = index > slaves - world.constants.disklessSlaves;
      this.addSlave(name, isDiskless ? null : this.newDisk(name));
    }
  }

  get master(): MasterNode<M, S> {
    return this.masters.at(-1) as MasterNode<M, S>;
  }

  get nodes(): readonly (MasterNode<M, S> | SlaveNode<M, S>)[] {
    const clone = this.clone === null ? [] : [this.clone];
    return [...this.masters, ...this.slaves, ...clone];
  }

  newDisk(name: string): SimulatedDisk {
    const disk = new SimulatedDisk(name, this.world.random(`disk ${name}`));
    disk.onWrite = (keys, sync) => {
      const mark = `${name} ${sync} ${keys.join(' ')}`;
      this.world.trace.bytes(mark, new Uint8Array(0));
    };
    return disk;
  }

  addMaster(name: string, disk: SimulatedDisk | null): MasterNode<M, S> {
    const node = new MasterNode<M, S>(this.world, name, disk);
    node.onStarted = () => {
      if (node !== this.master) return;
      this.#term = node.life?.face.position?.epoch.term ?? null;
      this.world.oracle.masterStarted(name, node.life?.face.position ?? null);
    };
    node.onStartFailed = (error) => this.#startFailed(node, error);
    this.masters.push(node);
    return node;
  }

  addSlave(name: string, disk: SimulatedDisk | null): SlaveNode<M, S> {
    const node = new SlaveNode<M, S>(this.world, name, disk, this.master.name);
    node.onStartFailed = (error) => this.#startFailed(node, error);
    this.slaves.push(node);
    return node;
  }

  /** Kills a node and starts it again after a while. */
  crash(node: MasterNode<M, S> | SlaveNode<M, S>, loss: PowerLoss | null, awayMs: number): void {
    node.kill(loss);
    this.restart(node, awayMs);
  }

  restart(node: MasterNode<M, S> | SlaveNode<M, S>, awayMs: number): void {
    this.#restarts.set(node.name, this.world.clock.now() + awayMs);
  }

  /** Ends a master for good: another one has taken its place. */
  retire(node: MasterNode<M, S>): void {
    this.#restarts.delete(node.name);
    node.kill(null);
  }

  /** What the disk of a node held before a fault damaged it, to be put back by the operator. */
  keepImage(disk: SimulatedDisk): void {
    // Damage that nobody read yet would be kept with it.
    if (disk.isDamaged) return;
    this.#images.set(disk.name, disk.backup());
  }

  /** Once a step: what is due starts, and what its disk stopped is started again. */
  operate(): void {
    const nowMs = this.world.clock.now();
    for (const node of this.nodes) {
      this.#stopFailed(node);
      const dueMs = this.#restarts.get(node.name);
      if (dueMs === undefined || dueMs > nowMs || node.isAlive) continue;
      this.#restarts.delete(node.name);
      node.boot();
    }
  }

  dropClone(): void {
    this.clone?.kill(null);
    this.clone = null;
  }

  /**
   * The master's disk is again what it was after so many acknowledgements: what was promised since
   * is gone (T35-T37).
   */
  rewindMaster(image: DiskImage, acknowledgements: number): void {
    const { master, world } = this;
    if (master.disk === null) return;
    master.kill(null);
    master.disk.restore(image);
    world.trace.note(`${master.name} gets ${image.size === 0 ? 'an empty' : 'an old'} disk`);
    const position = recordIn(image, 'master', ITEM, 'position');
    world.oracle.rewound('rewound master', position, acknowledgements, false);
    this.needsOperator = true;
  }

  /** Whether the copy of this slave can be made an original: it holds one, and is in no doubt. */
  canPromote(slave: SlaveNode<M, S>): boolean {
    const { disk } = slave;
    if (disk === null || this.#term === null || this.masters.length > 3) return false;
    const record = (name: string) => recordIn(disk.synced, 'slave', ITEM, name);
    // Two takeovers from one reign make two masters of the next one, which no rule can tell apart.
    const reign = record('reign') as { readonly epoch: Epoch } | undefined;
    const isLatest = reign?.epoch.term === this.#term;
    return isLatest && record('position') !== undefined && record('promise') === undefined;
  }

  /** Makes the disk of a slave that of a new master; the slave goes on with an empty one. */
  promote(slave: SlaveNode<M, S>, awayMs: number): void {
    const { world } = this;
    const { disk } = slave;
    slave.kill(null);
    if (disk === null) return;
    world.oracle.slaveForgets(slave.name, true);
    const position = recordIn(disk.synced, 'slave', ITEM, 'position');
    world.oracle.rewound('takeover', position, Number.POSITIVE_INFINITY, true);
    this.needsOperator = true;
    const name = `m${this.masters.length + 1}`;
    world.trace.note(`${slave.name} is made ${name}`);
    slave.disk = this.newDisk(`${slave.name} after ${name}`);
    const node = this.addMaster(name, disk);
    node.takeover = true;
    this.#term = null;
    this.restart(node, awayMs);
    for (const one of this.slaves) {
      // People change the configuration of one after the other.
      world.later(this.#operatorRandom() * 4_000, () => this.follow(one, name));
    }
  }

  /** Gives a slave another master: a new configuration, and a restart. */
  follow(slave: SlaveNode<M, S>, master: string): void {
    if (slave.follows === master) return;
    slave.follows = master;
    this.crash(slave, null, 0);
  }

  retireOldMasters(): void {
    for (const master of this.masters.slice(0, -1)) this.retire(master);
  }

  restartAllNow(): void {
    for (const node of this.nodes) {
      this.#restarts.delete(node.name);
      const isRetired = node.role === 'master' && node !== this.master;
      if (!node.isAlive && !isRetired) node.boot();
    }
  }

  #stopFailed(node: MasterNode<M, S> | SlaveNode<M, S>): void {
    if (!node.isRunning || node.life === null) return;
    const { coverage } = this.world;
    if (node.role === 'master') {
      const state = (node as MasterNode<M, S>).life?.face.status.state;
      if (state === 'halted') {
        coverage.hit('a master was halted by its disk');
        this.crash(node, null, 200 + this.#operatorRandom() * 800);
      }
      if (state === 'fenced') {
        coverage.hit('a master was fenced');
        // Only another master's reign may do that; the old one is then no longer wanted.
        if (node === this.master) this.#fencedUnasked(node as MasterNode<M, S>);
        else this.retire(node as MasterNode<M, S>);
      }
      return;
    }
    if ((node as SlaveNode<M, S>).life?.face.status.summary === 'failed') {
      coverage.hit('a slave was stopped by its disk');
      this.crash(node, null, 200 + this.#operatorRandom() * 800);
    }
  }

  #fencedUnasked(node: MasterNode<M, S>): void {
    if (!this.needsOperator) {
      this.world.oracle.note(`S10: ${node.name} was fenced, though no other master ever reigned`);
    }
    node.takeover = true;
    this.crash(node, null, 300);
  }

  #startFailed(node: MasterNode<M, S> | SlaveNode<M, S>, error: ReplicationError): void {
    const { world } = this;
    const retryMs = 200 + this.#operatorRandom() * 800;
    if (error.code === 'CORRUPT' && node.disk?.isDamaged === true) {
      world.coverage.hit('a store refused to open: CORRUPT');
      const image = this.#images.get(node.disk.name);
      // A slave's copy can be had again; an original is put back from what was there before.
      node.disk.restore(node.role === 'master' && image !== undefined ? image : new Map());
      node.disk.isDamaged = false;
      if (node.role === 'slave') world.oracle.slaveForgets(node.name, true);
    } else if (DISK_CODES.has(error.code)) {
      world.coverage.hit('a start failed on its disk');
    } else {
      world.oracle.note(`S3/S13: ${node.name} cannot start: ${error.code} ${error.message}`);
    }
    this.restart(node, retryMs);
  }
}
