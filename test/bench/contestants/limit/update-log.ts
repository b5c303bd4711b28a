/** The newest updates as they were sent, for a slave that comes back: one slice, no encoding. */

interface Batch {
  readonly firstVersion: number;
  readonly lastVersion: number;
  readonly bytes: Buffer;
}

const HEADER_BYTES = 4;

export class UpdateLog {
  readonly #batches: Batch[] = [];

  constructor(private readonly versionsMax: number) {}

  add(firstVersion: number, lastVersion: number, bytes: Buffer): void {
    this.#batches.push({ firstVersion, lastVersion, bytes });
    const floor = lastVersion - this.versionsMax;
    while ((this.#batches[0]?.lastVersion ?? Number.POSITIVE_INFINITY) <= floor) {
      this.#batches.shift();
    }
  }

  /** Everything after `version`, or null when it does not reach back that far. */
  since(version: number): Buffer[] | null {
    if ((this.#batches[0]?.firstVersion ?? Number.POSITIVE_INFINITY) > version + 1) return null;
    const later = this.#batches.filter(({ lastVersion }) => lastVersion > version);
    return later.map(({ firstVersion, bytes }) => {
      let at = 0;
      for (let skipped = firstVersion; skipped <= version; skipped += 1) {
        at += HEADER_BYTES + bytes.readUInt32LE(at);
      }
      return bytes.subarray(at);
    });
  }
}
