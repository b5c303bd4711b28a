/**
 * Deltas and whole states on their way to slaves: a bounded number of whole states goes out at
 * once, the others wait in turn, and what was cut goes on where it stopped (P3, P6, P18).
 */
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import type { ReaderFacts } from './build.js';
import { KeptBuilds, type MakeBuild } from './kept-builds.js';
import { Landing } from './landing.js';
import { Transfer, type TransferPort } from './transfer.js';

export class Transfers {
  readonly #clock: Clock;
  readonly #builds: KeptBuilds;
  readonly #running = new Map<string, Transfer>();
  /** The newest one of each connection, also when its last part is out. */
  readonly #last = new WeakMap<TransferPort, Transfer>();
  /** Slaves waiting for their turn to get a whole state (P18). */
  readonly #queue = new Map<string, (isIn: boolean) => void>();
  readonly #admitted = new Set<string>();
  readonly #landing: Landing;
  /** What each slave asked for last, while it is being made. */
  readonly #wishes = new Map<string, object>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#builds = new KeptBuilds(clock, () => this.sweep());
    this.#landing = new Landing(clock);
  }

  get count(): number {
    return this.#running.size;
  }

  transferOf(slave: string): Transfer | undefined {
    return this.#running.get(slave);
  }

  /** Can this slave go on with that build at that part? */
  canResume(buildId: string | null, next: number): boolean {
    return buildId !== null && (this.#builds.get(buildId)?.has(next) ?? false);
  }

  /** Goes on, or confirms parts of what is running. */
  resume(port: TransferPort, buildId: string, next: number, reader: ReaderFacts): void {
    const build = this.#builds.use(buildId);
    if (build === undefined) return;
    const before = this.#last.get(port);
    const isAlive = before !== undefined && (before.isSent || !before.isOver);
    if (isAlive && before.build === build && !this.#mustRepeat(before, next)) {
      before.confirmed = Math.max(before.confirmed, next);
      if (before.isSent) port.ended();
      else void before.pump();
      return;
    }
    // It had its turn before the cut; newcomers wait for it (P18).
    if (build.facts.kind === 'snapshot') this.#admitted.add(port.slave);
    this.#run(new Transfer(build, port, reader, next));
  }

  /**
   * A word about parts that are still under way is flow control. Only one that tells of no
   * progress, on a connection that loses frames, asks for them again.
   */
  #mustRepeat(sent: Transfer, next: number): boolean {
    return !sent.port.isReliable() && next < sent.next && next <= sent.confirmed;
  }

  /** Serves a build made by `make`, or one with the same key that is still whole. */
  async serve(
    port: TransferPort,
    key: string,
    isWhole: boolean,
    reader: ReaderFacts,
    make: MakeBuild,
  ): Promise<void> {
    if (isWhole && this.#crossed(port)) return;
    const isWaiting = isWhole && !this.#admitted.has(port.slave) && this.#isFull;
    if (isWhole && !(await this.#admit(port.slave))) return;
    const wish = {};
    this.#wishes.set(port.slave, wish);
    const build = await this.#builds.find(key, make);
    // It left meanwhile, or asked again: nobody reads what this call would send.
    if (this.#wishes.get(port.slave) !== wish) return;
    if (build === null) {
      this.release(port.slave);
      return;
    }
    const transfer = new Transfer(build, port, reader, 0);
    if (isWaiting) transfer.crossedUntilMs = this.#clock.now() + serviceLimits.crossedMs;
    this.#run(transfer);
  }

  get #isFull(): boolean {
    const { size } = this.#admitted;
    return size >= serviceLimits.snapshotTransfersMax || this.#landing.isFull;
  }

  /**
   * Those who wait for their turn ask again now and then. Such a request, answered after the turn
   * came, would send all that is under way once more (of 1,000 slaves joining, to every third).
   */
  #crossed(port: TransferPort): boolean {
    if (port.isReliable() && this.#landing.isCrossed(port.slave)) return true;
    const running = this.#running.get(port.slave);
    if (running?.port !== port || running.isOver) return false;
    return port.isReliable() && this.#clock.now() < running.crossedUntilMs;
  }

  /** The last part is out: the place is free for the next one, once not too much is under way. */
  sent(slave: string): void {
    const transfer = this.#running.get(slave);
    const { facts } = transfer?.build ?? {};
    this.#end(slave);
    if (transfer !== undefined && facts?.kind === 'snapshot') {
      const { bytes, crossedUntilMs } = transfer;
      this.#landing.left(slave, { version: facts.to.version, bytes, crossedUntilMs });
    }
    this.#free(slave);
  }

  /** The slave said where it stands. */
  stands(slave: string, version: number): void {
    if (this.#landing.stands(slave, version)) this.#admitNext();
  }

  /** The slave is gone, or nothing can be sent to it: its place is free for the next one. */
  release(slave: string): void {
    this.#end(slave);
    const isLanding = this.#landing.end(slave);
    this.#free(slave);
    if (isLanding) this.#admitNext();
  }

  #end(slave: string): void {
    this.#wishes.delete(slave);
    const running = this.#running.get(slave);
    if (running !== undefined) {
      running.isOver = true;
      running.build.readers -= 1;
      this.#running.delete(slave);
    }
  }

  #free(slave: string): void {
    const waiting = this.#queue.get(slave);
    if (this.#queue.delete(slave)) waiting?.(false);
    if (this.#admitted.delete(slave)) this.#admitNext();
  }

  /** Frees builds that nobody reads any more: after a while, or when they take too much memory. */
  sweep(): void {
    if (this.#landing.sweep()) this.#admitNext();
    this.#builds.sweep();
  }

  close(): void {
    for (const admit of this.#queue.values()) admit(false);
    this.#queue.clear();
    for (const slave of [...this.#running.keys()]) this.release(slave);
    this.#builds.close();
  }

  #run(transfer: Transfer): void {
    const { slave } = transfer.port;
    const before = this.#running.get(slave);
    if (before !== undefined) {
      before.isOver = true;
      before.build.readers -= 1;
    }
    transfer.build.readers += 1;
    this.#running.set(slave, transfer);
    this.#last.set(transfer.port, transfer);
    void transfer.pump();
  }

  /** False when the slave left before its turn came. */
  async #admit(slave: string): Promise<boolean> {
    if (this.#admitted.has(slave)) return true;
    if (this.#queue.has(slave)) return false;
    // What left for it before is not what it waits for.
    this.#landing.end(slave);
    const isIn = new Promise<boolean>((admit) => this.#queue.set(slave, admit));
    this.#admitNext();
    return isIn;
  }

  #admitNext(): void {
    for (const [slave, admit] of this.#queue) {
      if (this.#isFull) return;
      this.#queue.delete(slave);
      this.#admitted.add(slave);
      admit(true);
    }
  }
}
