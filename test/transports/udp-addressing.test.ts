/** P13: whatever is lost, doubled or late, a datagram is taken by those it was meant for alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../lib/runtime/random.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { encodeLabel, readLabel } from '../../lib/transports/udp/address-label.js';
import { type Seat, Seats } from '../../lib/transports/udp/seats.js';

const STEPS = 4_000;
const MARK = new Uint8Array(16);

/** A slave as the network sees it: it may think it is connected when the master ended that. */
interface Receiver {
  readonly seat: Seat;
  isConnected: boolean;
}

interface InFlight {
  readonly label: Buffer;
  readonly meant: ReadonlySet<number>;
}

class World {
  readonly seats = new Seats(new VirtualClock());
  readonly receivers: Receiver[] = [];
  readonly inFlight: InFlight[] = [];
  readonly random;
  taken = 0;
  refused = 0;

  constructor(seed: string) {
    this.random = seededRandom(seed, 'world');
  }

  get seated(): readonly Receiver[] {
    return this.receivers.filter(({ seat }) => this.seats.get(seat.peer) !== undefined);
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }

  join(): void {
    const seat = this.seats.add(`peer ${this.receivers.length}`, MARK, MARK);
    seat.isHearing = true;
    this.receivers.push({ seat, isConnected: true });
  }

  /** Ended by the slave, which knows; or by the master, and the slave hears of it later. */
  leave(isKnown: boolean): void {
    const receiver = this.pick(this.seated);
    if (receiver === undefined) return;
    this.seats.remove(receiver.seat.peer, isKnown);
    if (isKnown) receiver.isConnected = false;
  }

  hearOfEnd(): void {
    const ended = this.receivers.filter(
      ({ seat, isConnected }) => isConnected && this.seats.get(seat.peer) === undefined,
    );
    const receiver = this.pick(ended);
    if (receiver !== undefined) receiver.isConnected = false;
  }

  cast(): void {
    const meant = this.seated.filter(() => this.random() < 0.7);
    const { leftOut } = this.seats.plan(meant.map(({ seat }) => seat.peer));
    const label = encodeLabel({ newest: this.seats.newest, leftOut });
    this.inFlight.push({ label, meant: new Set(meant.map(({ seat }) => seat.number)) });
  }

  /** Some datagram, however old, reaches everybody who is still listening; perhaps not for good. */
  arrive(): void {
    const datagram = this.pick(this.inFlight);
    if (datagram === undefined) return;
    for (const { seat, isConnected } of this.receivers) {
      if (!isConnected) continue;
      const isTaken = readLabel(datagram.label, seat.number)?.isMine === true;
      assert.is(isTaken, datagram.meant.has(seat.number), `seat ${seat.number}`);
      if (isTaken) this.taken += 1;
      else this.refused += 1;
    }
    if (this.random() < 0.7) this.inFlight.splice(this.inFlight.indexOf(datagram), 1);
  }

  step(): void {
    const roll = this.random();
    if (roll < 0.08 && this.seated.length < 20) this.join();
    else if (roll < 0.11) this.leave(true);
    else if (roll < 0.14) this.leave(false);
    else if (roll < 0.18) this.hearOfEnd();
    else if (roll < 0.58) this.cast();
    else this.arrive();
  }
}

const test = suite('udp: addressing');

for (let run = 1; run <= 10; run += 1) {
  const seed = `${process.env.SEED ?? 4711}/${run}`;
  test(`P13: slaves come, go and are ended while datagrams are late and doubled (seed ${seed})`, () => {
    const world = new World(seed);
    for (let step = 0; step < STEPS; step += 1) world.step();
    assert.ok(world.taken > 1_000 && world.refused > 1_000, `${world.taken} ${world.refused}`);
  });
}

test.run();
