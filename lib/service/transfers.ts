/**
 * Deltas and whole states on their way to slaves: identical requests share one build, each slave
 * reads at its own pace within a window, a bounded number of whole states goes out at once, and
 * what was cut goes on where it stopped (P3, P6, P18).
 */
import type { ChunkMessage, Point } from '../../machines/protocol.js';
import { reasonOf } from '../errors.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import type { Build, BuildFacts, Part, ReaderFacts } from './build.js';
import { Landing } from './landing.js';

/** The slave end of a transfer, as far as sending goes. */
export interface TransferPort {
  readonly slave: string;
  /** What all slaves are told alike by this master; frames are shared as long as it holds. */
  readonly sharedBy: () => string;
  readonly encode: (message: ChunkMessage) => Uint8Array;
  readonly send: (frame: Uint8Array) => void;
  readonly isWritable: () => boolean;
  /** What was sent on this connection arrives, as long as the connection stands. */
  readonly isReliable: () => boolean;
  readonly ended: () => void;
  readonly failed: (reason: string) => void;
}

/** One slave reading one build. */
export class Transfer {
  readonly build: Build;
  readonly port: TransferPort;
  readonly reader: ReaderFacts;
  /** Everything below was confirmed. */
  confirmed: number;
  next: number;
  /** Of the frames that it sent. */
  bytes = 0;
  isOver = false;
  /** Its last part is out; one that is over without that failed, and can be tried again. */
  isSent = false;
  /** Until then a request of its slave may be one that was under way when its turn came. */
  crossedUntilMs = 0;
  #isPumping = false;

  constructor(build: Build, port: TransferPort, reader: ReaderFacts, next: number) {
    this.build = build;
    this.port = port;
    this.reader = reader;
    this.confirmed = next;
    this.next = next;
  }

  /** Sends parts while the window and the connection allow; called again on every confirmation. */
  async pump(): Promise<void> {
    if (this.#isPumping || this.isOver) return;
    this.#isPumping = true;
    try {
      while (this.#maySend()) if (!(await this.#sendOne())) return;
    } catch (error) {
      this.isOver = true;
      this.port.failed(reasonOf(error));
    } finally {
      this.#isPumping = false;
    }
  }

  #maySend(): boolean {
    const isInWindow = this.next < this.confirmed + serviceLimits.windowChunks;
    return !this.isOver && isInWindow && this.port.isWritable();
  }

  async #sendOne(): Promise<boolean> {
    const index = this.next;
    const part = await this.build.part(index);
    if (this.isOver) return false;
    if (part === undefined) {
      this.isOver = true;
      this.port.failed('its build has moved on without it');
      return false;
    }
    this.next = index + 1;
    const frame = this.#frameOf(part, index);
    this.bytes += frame.length;
    this.port.send(frame);
    if (!part.last) return true;
    this.isSent = true;
    this.isOver = true;
    this.port.ended();
    return false;
  }

  #frameOf(part: Part, index: number): Uint8Array {
    const { build, reader, port } = this;
    const { facts, id } = build;
    const mark = `${port.sharedBy()}/${reader.reason}/${reader.firmRelation}`;
    return part.frame(mark, (payload) =>
      port.encode({ ...facts, ...reader, build: id, index, last: part.last, payload }),
    );
  }
}

/** Frees the layer's view behind a build that nobody reads any more. */
function discard(build: Build): void {
  void build.close().catch(() => {
    // What is thrown away has nothing more to tell.
  });
}

interface KeptBuild {
  readonly key: string;
  readonly build: Build;
  usedAtMs: number;
}

type MakeBuild = () => Promise<Build | null>;

export class Transfers {
  readonly #clock: Clock;
  readonly #kept = new Map<string, KeptBuild>();
  /** The newest one of each key. */
  readonly #byKey = new Map<string, KeptBuild>();
  readonly #making = new Map<string, Promise<Build | null>>();
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
    return buildId !== null && (this.#kept.get(buildId)?.build.has(next) ?? false);
  }

  /** Goes on, or confirms parts of what is running. */
  resume(port: TransferPort, buildId: string, next: number, reader: ReaderFacts): void {
    const kept = this.#kept.get(buildId);
    if (kept === undefined) return;
    kept.usedAtMs = this.#clock.now();
    const before = this.#last.get(port);
    const isAlive = before !== undefined && (before.isSent || !before.isOver);
    if (isAlive && before.build === kept.build && !this.#mustRepeat(before, next)) {
      before.confirmed = Math.max(before.confirmed, next);
      if (before.isSent) port.ended();
      else void before.pump();
      return;
    }
    // It had its turn before the cut; newcomers wait for it (P18).
    if (kept.build.facts.kind === 'snapshot') this.#admitted.add(port.slave);
    this.#run(new Transfer(kept.build, port, reader, next));
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
    const build = await this.#find(key, make);
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
    const before = this.#clock.now() - serviceLimits.buildIdleMs;
    const idle = [...this.#kept].filter(([, { build }]) => build.readers === 0);
    idle.sort(([, left], [, right]) => right.usedAtMs - left.usedAtMs);
    let bytes = 0;
    for (const [id, { build, usedAtMs, key }] of idle) {
      bytes += build.bytes;
      if (usedAtMs > before && bytes <= serviceLimits.idleBuildsBytesMax) continue;
      this.#kept.delete(id);
      if (this.#byKey.get(key)?.build === build) this.#byKey.delete(key);
      discard(build);
    }
  }

  close(): void {
    for (const admit of this.#queue.values()) admit(false);
    this.#queue.clear();
    for (const slave of [...this.#running.keys()]) this.release(slave);
    for (const { build } of this.#kept.values()) discard(build);
    this.#kept.clear();
    this.#byKey.clear();
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

  async #find(key: string, make: MakeBuild): Promise<Build | null> {
    const kept = this.#byKey.get(key);
    if (kept?.build.has(0) === true) {
      kept.usedAtMs = this.#clock.now();
      return kept.build;
    }
    const making = this.#making.get(key) ?? this.#make(key, make);
    this.#making.set(key, making);
    return making;
  }

  async #make(key: string, make: MakeBuild): Promise<Build | null> {
    try {
      const build = await make();
      if (build === null) return null;
      const kept = { key, build, usedAtMs: this.#clock.now() };
      this.#kept.set(build.id, kept);
      this.#byKey.set(key, kept);
      // While changes go on, each newcomer makes one more.
      this.sweep();
      return build;
    } finally {
      this.#making.delete(key);
    }
  }
}

/** What two requests have to share to share a build. */
export function buildKey(
  facts: Pick<BuildFacts, 'kind' | 'from' | 'round'> & { readonly to: Point },
): string {
  const { kind, from, to, round } = facts;
  return [kind, from.version, to.version, to.digest, round ?? ''].join('/');
}
