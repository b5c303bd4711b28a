/**
 * The master's own part. Here the slaves are no slaves, only their words: each says hello, and
 * answers whatever comes with the same confirmation. What remains is the master, the memory
 * network and the clock, and links without a hello tell those two from the first.
 */
import { keyValue } from '../../../lib/layers/key-value/key-value.js';
import { createMaster } from '../../../lib/master.js';
import { VirtualClock } from '../../../lib/testing/virtual-clock.js';
import type { PeerId, SlaveTransport } from '../../../lib/transports/contract.js';
import { type MemoryNetwork, memoryNetwork } from '../../../lib/transports/memory/index.js';
import { encodeFrame } from '../../../lib/wire/frame.js';
import { type Envelope, type Position, PROTOCOL_VERSION } from '../../../machines/protocol.js';
import { DELAYS, HEARTBEAT_MS } from './crowd.js';
import { bytesText, type Findings, usText } from './findings.js';
import { cpuMeter, liveBytes } from './meters.js';

const ITEM = 'stubs';
const HEARTBEATS = 10;
const GROUPS = 20;
/** One slave costs its session: its machine, its timers, what is known of it. */
const MASTER_BYTES_PER_SLAVE_MAX = 16 * 1024;
/** What is compiled and cached at the first hello. */
const MASTER_BYTES_MAX = 1024 * 1024;

export interface StubFigures {
  readonly heartbeatUs: number;
  readonly groupUs: number;
}

class Stub {
  readonly #transport: SlaveTransport;
  readonly #envelope: Envelope;
  readonly #position: Position;
  readonly #answer: Uint8Array;
  #peer: PeerId | null = null;
  #isGreeted = false;
  troubles = 0;

  constructor(network: MemoryNetwork, id: string, position: Position) {
    const { lineage, epoch } = position;
    this.#transport = network.connect({ name: id });
    this.#envelope = {
      protocol: PROTOCOL_VERSION,
      item: ITEM,
      lineage,
      epoch,
      incarnation: `life of ${id}`,
      sender: id,
    };
    this.#position = position;
    this.#answer = encodeFrame(this.#envelope, {
      kind: 'ack',
      position,
      durability: 'memory',
      round: null,
      problem: null,
    });
  }

  open(): Promise<void> {
    return this.#transport.open({
      joined: (peer) => {
        this.#peer = peer;
      },
      left: () => {},
      drained: () => {},
      troubled: () => {
        this.troubles += 1;
      },
      received: (peer) => this.#transport.send(peer, this.#answer),
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  get isGreeted(): boolean {
    return this.#isGreeted;
  }

  hello(): void {
    if (this.#peer === null) return;
    this.#isGreeted = true;
    const frame = encodeFrame(this.#envelope, {
      kind: 'hello',
      hello: `hello of ${this.#envelope.sender}`,
      position: this.#position,
      firm: null,
      prepared: null,
      durable: false,
    });
    this.#transport.send(this.#peer, frame);
  }
}

export async function stubScene(
  findings: Findings,
  { slaves, seed }: { readonly slaves: number; readonly seed: number },
): Promise<StubFigures> {
  const clock = new VirtualClock();
  const network = memoryNetwork({ clock, seed, faults: DELAYS });
  const master = createMaster({
    item: ITEM,
    data: keyValue<string>(),
    transport: network.listen(),
    clock,
    heartbeat: HEARTBEAT_MS,
  });
  await master.start();
  const { position } = master;
  if (position === null) throw new Error('the master has no first version');
  const stubs = Array.from({ length: slaves }, (_, index) => {
    return new Stub(network, `s${index}`, position);
  });
  await Promise.all(stubs.map((stub) => stub.open()));
  await clock.pass(HEARTBEAT_MS);
  const linkedBytes = liveBytes();
  for (const stub of stubs) stub.hello();
  await clock.pass(2 * HEARTBEAT_MS);
  const meter = cpuMeter();
  await clock.pass(HEARTBEATS * HEARTBEAT_MS);
  const heartbeatUs = meter() / HEARTBEATS / slaves;
  findings.tell('master, processor time per slave and heartbeat', usText(heartbeatUs));
  for (let group = 0; group < GROUPS; group += 1) {
    void master.data.set('hot', `${group}`);
    await clock.pass((2 * HEARTBEAT_MS) / GROUPS);
  }
  const groupUs = meter() / GROUPS / slaves - (2 * heartbeatUs) / GROUPS;
  findings.tell('master, processor time per slave and group', usText(groupUs));
  const live = master.slaves().filter(({ link }) => link === 'live').length;
  findings.demand(
    'stubs that the master lists as live',
    `${live}`,
    `all ${slaves}`,
    live === slaves && stubs.every(({ isGreeted, troubles }) => isGreeted && troubles === 0),
  );
  const masterBytes = liveBytes() - linkedBytes;
  const bound = MASTER_BYTES_MAX + slaves * MASTER_BYTES_PER_SLAVE_MAX;
  findings.demand(
    'master, live memory for its slaves',
    `${bytesText(masterBytes)}, ${bytesText(masterBytes / slaves)} each`,
    `at most ${bytesText(bound)}`,
    masterBytes <= bound,
  );
  await Promise.all([...stubs.map((stub) => stub.close()), clock.pass(HEARTBEAT_MS)]);
  await Promise.all([master.stop(), clock.pass(HEARTBEAT_MS)]);
  return { heartbeatUs, groupUs };
}
