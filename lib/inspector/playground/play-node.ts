/** One node of the playground over all its lives: its disk stays, its processes die. */
import { reasonOf, Veto } from '../../errors.js';
import { document } from '../../layers/document/document.js';
import type { DocumentMasterData } from '../../layers/document/master.js';
import type { DocumentSlaveData } from '../../layers/document/slave.js';
import { createMaster, type Master } from '../../master.js';
import { seededRandom } from '../../runtime/random.js';
import type { InspectedNode } from '../../service/inspection.js';
import { createSlave, type Slave } from '../../slave.js';
import { SimulatedDisk } from '../../testing/simulation/disk.js';
import { SimulatedProcess } from '../../testing/simulation/process.js';
import { MasterWire, SlaveWire, type WireTap } from '../../testing/simulation/wire.js';
import type { Transport } from '../../transports/contract.js';
import { type PlayValue, playValue } from './play-value.js';
import { type Watch, WatchedMaster, WatchedSlave } from './watched-transport.js';

export const MASTER = 'master';
const ITEM = 'playground';

export interface PlayWorld extends Watch {
  readonly clock: ConstructorParameters<typeof SimulatedProcess>[0];
  readonly seed: string;
  /** As the `inspect` option; what a dead process would still say is left out. */
  readonly inspect: (event: unknown) => void;
  /** Something that can be seen changed. */
  readonly touched: () => void;
}

type PlayMaster = Master<DocumentMasterData<PlayValue>>;
type PlaySlave = Slave<DocumentSlaveData<PlayValue>>;

interface Life<Face> {
  readonly process: SimulatedProcess;
  readonly transport: Transport;
  readonly wire: { kill(): void };
  readonly face: Face;
}

function nodeOf(event: unknown): InspectedNode | null {
  const { node } = event as { readonly node?: InspectedNode };
  return node ?? null;
}

export abstract class PlayNode<Face extends PlayMaster | PlaySlave> {
  readonly id: string;
  /** Why the last start failed; null when it did not. */
  problem: string | null = null;
  protected readonly world: PlayWorld;
  protected life: Life<Face> | null = null;
  readonly #disk: SimulatedDisk;
  #inspected: InspectedNode | null = null;
  /** The end of the last life: a name is free again when its transport is closed. */
  #ended: Promise<void> = Promise.resolve();
  #shown: { readonly version: number; readonly value: PlayValue } | null = null;

  constructor(world: PlayWorld, id: string) {
    this.world = world;
    this.id = id;
    this.#disk = new SimulatedDisk(id, seededRandom(world.seed, `disk ${id}`));
  }

  get isUp(): boolean {
    return this.life !== null;
  }

  get face(): Face | null {
    return this.life?.face ?? null;
  }

  /** What it shows; of a dead process what it showed last. */
  get shown(): { readonly version: number; readonly value: PlayValue } | null {
    const { data, position } = this.life?.face ?? {};
    if (this.life === null || data === undefined || !position) return this.#shown;
    this.#shown = { version: position.version, value: data.get() };
    return this.#shown;
  }

  /** Starts a process on the disk of the last one. */
  async boot(): Promise<void> {
    await this.#ended;
    if (this.life !== null) return;
    const process = new SimulatedProcess(this.world.clock);
    const life = this.make(process);
    this.life = life;
    this.problem = null;
    this.world.touched();
    try {
      await life.face.start();
    } catch (error) {
      this.problem = reasonOf(error);
      if (this.life === life) this.#end(life);
    }
    this.world.touched();
  }

  /** As `kill -9` does it: no goodbye, no flush. */
  kill(): void {
    const { life } = this;
    if (life === null) return;
    // What it shows is read before it is gone.
    void this.shown;
    this.#end(life);
    this.world.touched();
  }

  /** An orderly stop. */
  async stop(): Promise<void> {
    const { life } = this;
    if (life === null) return;
    await life.face.stop();
    if (this.life === life) this.#end(life);
    this.world.touched();
  }

  protected abstract make(process: SimulatedProcess): Life<Face>;

  protected optionsOf(process: SimulatedProcess) {
    return {
      item: ITEM,
      id: this.id,
      clock: process,
      store: this.#disk.mount(process),
      inspect: (event: unknown) => {
        if (process.isDead) return;
        this.#inspected = nodeOf(event) ?? this.#inspected;
        this.world.inspect(event);
      },
    };
  }

  #end(life: Life<Face>): void {
    life.process.kill();
    life.wire.kill();
    // Closing twice is one closing: this only waits for it.
    this.#ended = life.transport.close();
    this.life = null;
    this.#disk.crash(null);
    // A process that dies cannot say so itself; elsewhere its broken connection tells.
    const node = this.#inspected;
    if (node !== null) this.world.inspect({ type: '@replichart.stopped', node });
    this.#inspected = null;
  }
}

export class PlayMasterNode extends PlayNode<PlayMaster> {
  /** Told of each message before it leaves; false keeps it. */
  readonly #tap: WireTap;

  constructor(world: PlayWorld, tap: WireTap) {
    super(world, MASTER);
    this.#tap = tap;
  }

  protected make(process: SimulatedProcess): Life<PlayMaster> {
    const { world, id } = this;
    const transport = new WatchedMaster(world.network.listen(id), id, world);
    const wire = new MasterWire(transport, process, this.#tap);
    const data = document(playValue(0));
    const face = createMaster({ ...this.optionsOf(process), data, transport: wire });
    for (const event of ['status', 'position', 'slave'] as const) face.on(event, world.touched);
    return { process, transport, wire, face };
  }
}

export class PlaySlaveNode extends PlayNode<PlaySlave> {
  /** It says no to the next change it is asked about, for this reason. */
  vetoNext: string | null = null;
  /** Milliseconds its host takes to look at a change. */
  slowMs = 0;

  /** The next master to be heard is sought a few times per second, so that an eye can follow. */
  protected make(process: SimulatedProcess): Life<PlaySlave> {
    const { world, id } = this;
    const inner = world.network.connect({ to: MASTER, name: id, reconnectMsMax: 500 });
    const transport = new WatchedSlave(inner, id, world);
    const wire = new SlaveWire(transport, process, {});
    const data = document(playValue(0), { prepare: () => this.#look(process) });
    const face = createSlave({ ...this.optionsOf(process), data, transport: wire });
    for (const event of ['status', 'position'] as const) face.on(event, world.touched);
    return { process, transport, wire, face };
  }

  #look(process: SimulatedProcess): Promise<void> | undefined {
    const reason = this.vetoNext;
    if (reason !== null) {
      this.vetoNext = null;
      this.world.touched();
      throw new Veto(reason);
    }
    if (this.slowMs === 0) return undefined;
    return new Promise((resolve) => process.setTimeout(resolve, this.slowMs));
  }
}
