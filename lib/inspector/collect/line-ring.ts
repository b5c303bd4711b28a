/** Lines by number, in segments that begin with a keyframe; the oldest segments make room. */

/** Parts of the ring: one of them is dropped at a time. */
const SEGMENTS = 16;
/** A keyframe of many actors is long: its segment is at least this many times as long. */
const KEYFRAME_SHARE = 4;

interface Segment {
  /** Number of its keyframe. */
  readonly first: number;
  /** Its moment. */
  readonly at: number;
  readonly lines: string[];
  bytes: number;
  readonly bytesWanted: number;
}

export class LineRing {
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  #segments: Segment[] = [];
  #entries = 0;
  #bytes = 0;
  #end = 0;

  constructor(entriesMax: number, bytesMax: number) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  /** Number of the oldest line, which is a keyframe. */
  get first(): number {
    return this.#segments[0]?.first ?? 0;
  }

  /** The moment of that keyframe. */
  get firstAt(): number {
    return this.#segments[0]?.at ?? 0;
  }

  /** Number of the line that comes next. */
  get end(): number {
    return this.#end;
  }

  get isSegmentDue(): boolean {
    const last = this.#segments.at(-1);
    if (last === undefined) return true;
    const isLong = last.lines.length > this.#entriesMax / SEGMENTS;
    return isLong || last.bytes >= last.bytesWanted;
  }

  begin(keyframe: string, at: number): void {
    const bytesWanted = Math.max(this.#bytesMax / SEGMENTS, keyframe.length * KEYFRAME_SHARE);
    this.#segments.push({ first: this.#end, at, lines: [], bytes: 0, bytesWanted });
    this.add(keyframe);
  }

  add(line: string): void {
    const last = this.#segments.at(-1);
    if (last === undefined) return;
    last.lines.push(line);
    last.bytes += line.length;
    this.#bytes += line.length;
    this.#entries += 1;
    this.#end += 1;
    while (this.#entries > this.#entriesMax || this.#bytes > this.#bytesMax) {
      // What is being written stays, however long it is.
      if (this.#segments.length === 1) return;
      this.#dropOldest();
    }
  }

  /** From `number` on; one that is gone leads to the oldest that is kept, which is a keyframe. */
  read(number: number, max: number): { readonly lines: readonly string[]; readonly next: number } {
    let next = Math.max(number, this.first);
    const lines: string[] = [];
    for (const { first, lines: own } of this.#segments) {
      if (first + own.length <= next) continue;
      const part = own.slice(next - first, next - first + max - lines.length);
      lines.push(...part);
      next += part.length;
      if (lines.length >= max) break;
    }
    return { lines, next };
  }

  #dropOldest(): void {
    const oldest = this.#segments.shift();
    this.#entries -= oldest?.lines.length ?? 0;
    this.#bytes -= oldest?.bytes ?? 0;
  }
}
