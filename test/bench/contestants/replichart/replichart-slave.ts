import type { Slave } from 'replichart';
import type { Value } from '../../values.js';
import type { SlaveSide } from '../contract.js';

/** How a copy is read. */
export interface CopyAccess {
  readonly subscribe: (listener: () => void) => () => void;
  read(key: string): Value | undefined;
  size(): number;
}

/** The bench gives up earlier: it says which round of whom took too long. */
const CURRENT_MS_MAX = 1_200_000;

export class ReplichartSlave implements SlaveSide {
  constructor(
    private readonly slave: Slave<unknown>,
    private readonly copy: CopyAccess,
  ) {}

  async connect(): Promise<void> {
    await this.slave.start();
    await this.slave.current({ timeout: CURRENT_MS_MAX });
  }

  disconnect(): Promise<void> {
    return this.slave.stop();
  }

  read(key: string): Value | undefined {
    return this.copy.read(key);
  }

  size(): number {
    return this.copy.size();
  }

  onApplied(listener: () => void): void {
    this.copy.subscribe(listener);
  }

  ageMs(): number {
    return this.slave.age;
  }

  stop(): Promise<void> {
    return this.slave.stop();
  }
}
