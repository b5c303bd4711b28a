/**
 * The lines of a recording as the bytes they came in, with an index over them. A line is decoded
 * and parsed when it is looked at: of hundreds of thousands, few ever are. Lines have numbers that
 * stay the same when older lines are dropped to keep within the limit.
 */
import type { Line } from '../entries.js';
import { doubles, octets, words } from './growing.js';
import { CODE_OF, emptyHead, type LineCode, readHead } from './line-index.js';
import { Names } from './names.js';
import { parseLine } from './parse-line.js';

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
/** A block is dropped as a whole: large enough to be rare, small enough to be a small part. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Of parsed lines: what is stepped over again and again stays parsed. */
const PARSED_MAX = 4096;

interface Block {
  bytes: Uint8Array<ArrayBuffer>;
  used: number;
  /** Number of its first line. */
  readonly first: number;
}

export class LineStore {
  readonly names = new Names();
  readonly #bytesMax: number;
  readonly #blocks: Block[] = [];
  /** Blocks dropped so far: what `#blockOf` holds counts from the very first one. */
  #dropped = 0;
  readonly #blockOf = words();
  readonly #starts = words();
  readonly #lengths = words();
  readonly #codes = octets();
  readonly #owners = words();
  readonly #times = doubles();
  /** Highest time so far: times of several processes are not in order, this is. */
  readonly #clock = doubles();
  readonly #head = emptyHead();
  readonly #decoder = new TextDecoder();
  readonly #parsed = new Map<number, Line | undefined>();
  #first = 0;
  #bytes = 0;
  /** Where in the newest block the unfinished line begins. */
  #pending = 0;
  /** Up to here the newest block holds no line end that was not seen. */
  #searched = 0;
  #unreadable = 0;

  readonly #onLine: (line: number, code: LineCode) => void;

  /** `bytesMax`: the oldest lines make room past this; a file that was chosen is kept whole. */
  constructor(bytesMax: number, onLine: (line: number, code: LineCode) => void) {
    this.#bytesMax = bytesMax;
    this.#onLine = onLine;
  }

  /** Number of the oldest line that is kept. */
  get first(): number {
    return this.#first;
  }

  /** One past the number of the newest line. */
  get end(): number {
    return this.#first + this.#codes.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that were no entries: a recording that was cut off, or no recording at all. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Takes bytes as they come; a line counts when its end arrived. */
  append(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; ) {
      const block = this.#roomFor(chunk.length - from);
      const part = chunk.subarray(from, from + block.bytes.length - block.used);
      block.bytes.set(part, block.used);
      block.used += part.length;
      from += part.length;
      this.#indexLines(block);
    }
  }

  /** The last line of a file may lack its line end. */
  finish(): void {
    const block = this.#blocks.at(-1);
    if (block !== undefined && this.#pending < block.used) this.append(Uint8Array.of(NEWLINE));
  }

  codeAt(line: number): LineCode {
    return this.#codes.get(line - this.#first);
  }

  timeAt(line: number): number {
    return this.#times.get(line - this.#first);
  }

  /** Never falls from line to line. */
  clockAt(line: number): number {
    return this.#clock.get(line - this.#first);
  }

  ownerAt(line: number): number {
    return this.#owners.get(line - this.#first);
  }

  /** Number of lines that had come by that time, by the clock that never falls. */
  endAtTime(time: number): number {
    return this.#first + this.#clock.firstAbove(time);
  }

  textAt(line: number): string {
    return this.#decoder.decode(this.#bytesAt(line));
  }

  /** Undefined for a line that is damaged behind its beginning. */
  lineAt(line: number): Line | undefined {
    const known = this.#parsed.get(line);
    if (known !== undefined || this.#parsed.has(line)) return known;
    const parsed = this.parseAt(line);
    if (this.#parsed.size >= PARSED_MAX) {
      for (const oldest of this.#parsed.keys()) {
        this.#parsed.delete(oldest);
        if (this.#parsed.size < PARSED_MAX / 2) break;
      }
    }
    this.#parsed.set(line, parsed);
    return parsed;
  }

  /** For passes over all lines, which would only push out what is kept. */
  parseAt(line: number): Line | undefined {
    return parseLine(this.textAt(line));
  }

  /** All bytes that are kept, for saving; the unfinished line is left out. */
  *contents(): Generator<Uint8Array<ArrayBuffer>> {
    for (const [index, block] of this.#blocks.entries()) {
      const isLast = index === this.#blocks.length - 1;
      yield block.bytes.subarray(0, isLast ? this.#pending : block.used);
    }
  }

  /** Drops the oldest lines past the limit; `beforeDrop` is told the first number that stays. */
  trim(beforeDrop: (first: number) => void): void {
    while (this.#bytes > this.#bytesMax && this.#blocks.length > 2) {
      const next = this.#blocks[1]?.first ?? this.#first;
      beforeDrop(next);
      this.#drop(next);
    }
  }

  #drop(next: number): void {
    const count = next - this.#first;
    this.#bytes -= this.#blocks.shift()?.used ?? 0;
    this.#dropped += 1;
    const columns = [this.#blockOf, this.#starts, this.#lengths, this.#codes, this.#owners];
    for (const column of [...columns, this.#times, this.#clock]) column.cut(count);
    for (const line of this.#parsed.keys()) if (line < next) this.#parsed.delete(line);
    this.#first = next;
  }

  #bytesAt(line: number): Uint8Array<ArrayBuffer> {
    const row = line - this.#first;
    const block = this.#blocks[this.#blockOf.get(row) - this.#dropped];
    if (block === undefined) return new Uint8Array();
    const start = this.#starts.get(row);
    return block.bytes.subarray(start, start + this.#lengths.get(row));
  }

  /** The newest block, or a new one that begins with the line that has not ended yet. */
  #roomFor(count: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.bytes.length) return last;
    const rest = last?.bytes.subarray(this.#pending, last.used) ?? new Uint8Array();
    if (last !== undefined) last.used = this.#pending;
    const size = Math.max(BLOCK_BYTES, rest.length * 2, Math.min(count, BLOCK_BYTES) + rest.length);
    const block = { bytes: new Uint8Array(size), used: rest.length, first: this.end };
    block.bytes.set(rest);
    this.#blocks.push(block);
    this.#pending = 0;
    this.#searched = rest.length;
    return block;
  }

  #indexLines(block: Block): void {
    const bytes = block.bytes.subarray(0, block.used);
    this.#bytes += block.used - this.#searched;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, this.#searched);
      if (end < 0) break;
      this.#indexLine(bytes, this.#pending, bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
      this.#pending = end + 1;
      this.#searched = end + 1;
    }
    this.#searched = block.used;
  }

  #indexLine(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    const head = this.#head;
    readHead(bytes, start, end, head);
    if (head.code === 0) {
      this.#unreadable += 1;
      return;
    }
    // A header tells when somebody began to read, which is after much of what follows; a keyframe
    // of nothing tells no time. Both stand at the time of what comes first.
    const isTimeless = head.code === CODE_OF['replichart-recording'] || head.at === 0;
    const latest = this.#clock.at(this.#clock.length - 1) ?? 0;
    if (!isTimeless && latest === 0) {
      for (let row = 0; row < this.#clock.length; row += 1) this.#clock.set(row, head.at);
    }
    this.#blockOf.push(this.#dropped + this.#blocks.length - 1);
    this.#starts.push(start);
    this.#lengths.push(end - start);
    this.#codes.push(head.code);
    this.#owners.push(this.names.intern(bytes, head.ownerStart, head.ownerEnd));
    this.#times.push(head.at);
    this.#clock.push(isTimeless ? latest : Math.max(latest, head.at));
    this.#onLine(this.end - 1, head.code);
  }
}
