/**
 * Follows a JSON file that people and programs edit in every way there is: in place, by rename,
 * by truncating first, through a symbolic link that is swapped. The folder is watched, since a
 * rename ends the watch of a file; a slow poll covers file systems that tell nothing.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { reasonOf } from '../errors.js';
import { parseJson } from './parse-json.js';

/** What the file says now. */
export type FileState =
  | { readonly kind: 'value'; readonly value: unknown; readonly bytes: number }
  /** It cannot be used; what was read before stays valid. Told once per state of the file. */
  | { readonly kind: 'problem'; readonly problem: string }
  /** It is again what was read before the problem. */
  | { readonly kind: 'recovered' };

export interface FollowOptions {
  /** Milliseconds without an event before the file is read: writers write in several steps. */
  readonly debounceMs?: number;
  /** Milliseconds that a file must stay missing or unusable before that is told. */
  readonly settleMs?: number;
  /** Milliseconds between looks at the file when nothing is told of it. */
  readonly pollMs?: number;
}

type Reading =
  | { readonly kind: 'changing' }
  | { readonly kind: 'same' }
  | { readonly kind: 'problem'; readonly problem: string; readonly key: string }
  | {
      readonly kind: 'value';
      readonly value: unknown;
      readonly bytes: number;
      readonly hash: string;
    };

function problemText(path: string, thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return `${path} does not exist`;
  if (code === 'EACCES') return `${path} may not be read by this user`;
  if (code === 'EISDIR') return `${path} is a folder, not a file`;
  return `${path} cannot be read: ${reasonOf(thrown)}`;
}

/** Changes with every write that a file system can tell apart. */
async function signatureOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** Reads the file once; throws nothing. `seen` is the signature that need not be read again. */
async function readOnce(
  path: string,
  seen: string | null,
): Promise<Reading & { signature: string }> {
  try {
    const signature = await signatureOf(path);
    if (signature === seen) return { kind: 'same', signature };
    const bytes = await readFile(path);
    // Written to while it was read: what was read may be half old and half new.
    if ((await signatureOf(path)) !== signature) return { kind: 'changing', signature };
    const parsed = parseJson(bytes);
    if ('problem' in parsed) {
      return { kind: 'problem', problem: `${path}: ${parsed.problem}`, key: signature, signature };
    }
    const hash = createHash('sha256').update(bytes).digest('base64');
    return { kind: 'value', value: parsed.value, bytes: bytes.length, hash, signature };
  } catch (thrown) {
    const problem = problemText(path, thrown);
    return { kind: 'problem', problem, key: problem, signature: '' };
  }
}

export class FileFollower {
  readonly #path: string;
  readonly #tell: (state: FileState) => void;
  readonly #debounceMs: number;
  readonly #settleMs: number;
  readonly #pollMs: number;
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #poll: NodeJS.Timeout | null = null;
  #closed = false;
  #reading = false;
  #again = false;
  /** Of what was read last; null reads whatever the signature says. */
  #seen: string | null = null;
  #hash: string | null = null;
  /** The problem under observation, since when, and whether it was told. */
  #trouble: { readonly key: string; readonly sinceMs: number; told: boolean } | null = null;
  /** A problem was told, and no end of it yet. */
  #troubled = false;

  /** `tell` must not throw. Nothing is read before `start`. */
  constructor(path: string, tell: (state: FileState) => void, options: FollowOptions = {}) {
    this.#path = path;
    this.#tell = tell;
    this.#debounceMs = options.debounceMs ?? 25;
    this.#settleMs = options.settleMs ?? 400;
    this.#pollMs = options.pollMs ?? 1000;
  }

  /** Reads the file, tells its state, and goes on until `close`. */
  start(): void {
    this.#watch();
    this.#schedule(0);
    this.#poll = setInterval(() => {
      if (this.#watcher === null) this.#watch();
      this.#schedule(0);
    }, this.#pollMs);
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#poll !== null) clearInterval(this.#poll);
  }

  #watch(): void {
    const name = basename(this.#path);
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, (_event, changed) => {
        // Same size in the same tick of the file system's clock has the same signature.
        if (changed === name) this.#seen = null;
        this.#schedule(this.#debounceMs);
      });
      watcher.on('error', () => this.#unwatch(watcher));
      watcher.on('close', () => this.#unwatch(watcher));
      this.#watcher = watcher;
    } catch {
      // No folder, or no watches left: the poll goes on, and tries this again.
      this.#watcher = null;
    }
  }

  #unwatch(watcher: FSWatcher): void {
    if (this.#watcher !== watcher) return;
    this.#watcher = null;
    watcher.close();
  }

  #schedule(delayMs: number): void {
    if (this.#closed) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    // An event postpones a reading that waits; the poll does not.
    if (this.#timer !== null && delayMs === 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#read();
    }, delayMs);
  }

  async #read(): Promise<void> {
    this.#reading = true;
    this.#again = false;
    const seen = this.#seen;
    const reading = await readOnce(this.#path, seen);
    this.#reading = false;
    if (this.#closed) return;
    this.#take(reading);
    if (this.#again) this.#schedule(this.#debounceMs);
  }

  #take(reading: Reading & { readonly signature: string }): void {
    if (reading.kind === 'same') return;
    if (reading.kind === 'changing') {
      this.#schedule(this.#debounceMs);
      return;
    }
    if (reading.kind === 'problem') {
      this.#observe(reading);
      return;
    }
    this.#seen = reading.signature;
    const troubled = this.#troubled;
    this.#trouble = null;
    this.#troubled = false;
    if (reading.hash !== this.#hash) {
      this.#hash = reading.hash;
      this.#tell({ kind: 'value', value: reading.value, bytes: reading.bytes });
    } else if (troubled) this.#tell({ kind: 'recovered' });
  }

  /** Half-written files mend themselves: only one that stays as it is for a while is told. */
  #observe({ key, problem, signature }: { key: string; problem: string; signature: string }): void {
    const now = performance.now();
    if (this.#trouble?.key !== key) this.#trouble = { key, sinceMs: now, told: false };
    const trouble = this.#trouble;
    if (!trouble.told && now - trouble.sinceMs >= this.#settleMs) {
      trouble.told = true;
      this.#troubled = true;
      this.#tell({ kind: 'problem', problem });
    }
    if (trouble.told) this.#seen = signature === '' ? null : signature;
    else this.#schedule(Math.max(this.#debounceMs, this.#settleMs / 4));
  }
}
