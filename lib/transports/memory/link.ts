/** One direction between two names; it outlives the connections that use it. */
import { FaultDice, type LinkFaults, loses } from './faults.js';

/** What went over one direction since the network was made. Bytes are those of frames. */
export interface LinkStatistics {
  framesSent: number;
  bytesSent: number;
  /** Duplicates count each time they arrive. */
  framesDelivered: number;
  bytesDelivered: number;
  /** Lost by fault, by a partition of an unreliable link, or with a connection that ended. */
  framesLost: number;
  bytesLost: number;
  framesDuplicated: number;
  framesCorrupted: number;
}

/** What stops at a partition and goes on when it is healed. */
export interface Resumable {
  resume(): void;
}

export class Link {
  readonly from: string;
  readonly to: string;
  readonly dice: FaultDice;
  readonly statistics: LinkStatistics = {
    framesSent: 0,
    bytesSent: 0,
    framesDelivered: 0,
    bytesDelivered: 0,
    framesLost: 0,
    bytesLost: 0,
    framesDuplicated: 0,
    framesCorrupted: 0,
  };
  faults: LinkFaults;
  partitioned = false;
  /** The lanes of connections that use this link now. */
  readonly lanes = new Set<Resumable>();
  /** Milliseconds of the network's clock until which a link with `bytesPerSecond` is busy. */
  busyUntilMs = 0;

  constructor(from: string, to: string, seed: string | number, faults: LinkFaults) {
    this.from = from;
    this.to = to;
    this.dice = new FaultDice(seed, `${from}\u0000${to}`);
    this.faults = faults;
  }

  get reliable(): boolean {
    return !loses(this.faults);
  }

  heal(): void {
    if (!this.partitioned) return;
    this.partitioned = false;
    for (const lane of this.lanes) lane.resume();
  }

  lost(bytes: number): void {
    this.statistics.framesLost += 1;
    this.statistics.bytesLost += bytes;
  }
}
