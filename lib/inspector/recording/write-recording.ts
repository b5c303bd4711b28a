/**
 * Writes what a feed tells to a file, one line each, a header first. The host goes on whatever
 * the disk does: a write that fails, or a disk that is slower than what happens, ends the
 * recording and is told; what was written until then can be read.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { ReplicationError, reasonOf } from '../../errors.js';
import { type HeaderEntry, RECORDING_FORMAT } from '../entries.js';
import type { EntryFeed } from '../feed.js';
import { writeLine } from '../json.js';

export interface RecordingOptions {
  /** An earlier file of this name is replaced. */
  readonly path: string;
  readonly feed: EntryFeed;
  /** Name and version of the package, for who reads it. */
  readonly package: string;
  /** Whether the feed's collectors keep payloads. @default false */
  readonly payloads?: boolean;
  /** Milliseconds since 1970 now. @default Date.now() */
  readonly at?: number;
  /** Bytes that may wait for the disk; with more the recording ends. @default 64 MiB */
  readonly waitingBytesMax?: number;
  /** Told once, when not all is written: `STORE_FAILED` or `OVERLOADED`. Must not throw. */
  readonly troubled: (error: ReplicationError) => void;
}

/** A recording under way. */
export interface Recording {
  readonly path: string;
  /** Lines so far, with the header. */
  readonly lines: number;
  readonly bytes: number;
  /** Set once something of it could not be written. */
  readonly failure: ReplicationError | null;
  /** Writes what has been told until now and ends it; never rejects. */
  close(): Promise<void>;
}

const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** It can hold the host's data: nobody else's to read. */
const FILE_MODE = 0o600;

class RecordingFile implements Recording {
  readonly path: string;
  lines = 0;
  bytes = 0;
  failure: ReplicationError | null = null;
  readonly #options: RecordingOptions;
  readonly #stream: WriteStream;
  #unsubscribe: () => void = () => {};
  #closing: Promise<void> | null = null;

  constructor(options: RecordingOptions) {
    this.path = options.path;
    this.#options = options;
    this.#stream = createWriteStream(options.path, { flags: 'w', mode: FILE_MODE });
    this.#stream.on('error', (error) => {
      const message = `the recording "${this.path}" ended: ${reasonOf(error)}`;
      this.#fail(new ReplicationError('STORE_FAILED', message, { cause: error }));
    });
    const { payloads = false, at = Date.now() } = options;
    const header: HeaderEntry = {
      kind: 'replichart-recording',
      at,
      format: RECORDING_FORMAT,
      package: options.package,
      payloads,
    };
    this.#write([writeLine(header)]);
    this.#unsubscribe = options.feed.subscribe((lines) => this.#write(lines));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#options.feed.flush();
    this.#unsubscribe();
    if (this.failure !== null) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.end();
    });
  }

  #write(lines: readonly string[]): void {
    if (this.failure !== null || lines.length === 0) return;
    const text = `${lines.join('\n')}\n`;
    this.lines += lines.length;
    this.#stream.write(text);
    this.bytes = this.#stream.bytesWritten + this.#stream.writableLength;
    const { waitingBytesMax = WAITING_BYTES_MAX } = this.#options;
    if (this.#stream.writableLength <= waitingBytesMax) return;
    const message =
      `the recording "${this.path}" ended: its disk is slower than what happens, ` +
      `${this.#stream.writableLength} bytes wait; record fewer nodes, or on a faster disk`;
    this.#fail(new ReplicationError('OVERLOADED', message));
  }

  #fail(error: ReplicationError): void {
    if (this.failure !== null) return;
    this.failure = error;
    this.#unsubscribe();
    this.#stream.destroy();
    this.#options.troubled(error);
  }
}

/** Begins with the oldest moment that the feed keeps. */
export function writeRecording(options: RecordingOptions): Recording {
  return new RecordingFile(options);
}
