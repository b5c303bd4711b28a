/** Entries from hosts elsewhere: whole batches of lines, each checked before anything is taken. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { reasonOf } from '../../errors.js';
import type { Entry, Line } from '../entries.js';
import type { EntrySink } from '../feed.js';
import { readLine } from '../json.js';
import type { ServerLimits } from './limits.js';
import { refuse, replyText } from './replies.js';

export const LINES_TYPE = 'application/x-ndjson';

export interface IngestOptions {
  readonly sink: EntrySink;
  readonly limits: ServerLimits;
  /** Tells this run of the server from another one: what the other knew has to be sent again. */
  readonly run: string;
}

/** Names of nodes whose newest run is remembered. */
const RUNS_MAX = 10_000;
/** Senders whose last batch is remembered. */
const SENDERS_MAX = 1000;

interface BatchName {
  readonly sender: string;
  readonly number: number;
}

/** A batch whose answer was lost on the way is sent again under the same name. */
function batchName({ headers }: IncomingMessage): BatchName | null {
  const parts = /^([\w-]{1,64}) (\d{1,15})$/.exec(String(headers['replichart-batch'] ?? ''));
  return parts === null ? null : { sender: parts[1] ?? '', number: Number(parts[2]) };
}

type Body = { readonly bytes: Buffer } | { readonly status: number; readonly reason: string };

/** A keyframe is what one host knows, and must not replace what is known of others. */
function entriesOf(line: Line): readonly Entry[] {
  if (line.kind === 'replichart-recording') return [];
  return line.kind === 'keyframe' ? line.entries.flatMap(entriesOf) : [line];
}

export class Ingest {
  readonly #options: IngestOptions;
  /** Newest run by role, item and id. */
  readonly #runs = new Map<string, string>();
  readonly #last = new Map<string, number>();
  #reading = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Answers the request; the caller has admitted it. */
  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { limits } = this.#options;
    if (this.#reading >= limits.ingestsMax) {
      refuse(response, { status: 503, reason: 'too many hosts send at the same time; try again' });
      return;
    }
    this.#reading += 1;
    try {
      const body = await this.#read(request);
      if ('bytes' in body) this.#accept(body.bytes, batchName(request), response);
      else refuse(response, body);
    } catch {
      // The connection broke, and with it whoever would be told.
      response.destroy();
    } finally {
      this.#reading -= 1;
    }
  }

  async #read(request: IncomingMessage): Promise<Body> {
    const { ingestBytesMax } = this.#options.limits;
    const tooLarge = { status: 413, reason: `a body has ${ingestBytesMax} bytes at the most` };
    const { headers } = request;
    if (headers['content-type'] !== LINES_TYPE || headers['content-encoding'] !== undefined) {
      return { status: 415, reason: `a body is ${LINES_TYPE}, not compressed` };
    }
    if (Number(headers['content-length'] ?? 0) > ingestBytesMax) return tooLarge;
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > ingestBytesMax) return tooLarge;
      parts.push(part);
    }
    return { bytes: Buffer.concat(parts) };
  }

  #accept(bytes: Buffer, batch: BatchName | null, response: ServerResponse): void {
    const { sink, run } = this.#options;
    const entries: Entry[] = [];
    let number = 0;
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      for (const line of text.split('\n')) {
        number += 1;
        if (line === '') continue;
        for (const entry of entriesOf(readLine(line, number))) entries.push(entry);
      }
    } catch (error) {
      replyText(response, 400, reasonOf(error));
      return;
    }
    if (this.#isNew(batch)) {
      const all = entries.flatMap((entry) => this.#withEnds(entry));
      sink.take(all, Date.now());
    }
    replyText(response, 200, run);
  }

  /** A process that was killed told of no end; its successor under the same name does. */
  #withEnds(entry: Entry): readonly Entry[] {
    if (entry.kind !== 'node') return [entry];
    const { role, item, id, node, at } = entry;
    const name = JSON.stringify([role, item, id]);
    const before = this.#runs.get(name);
    this.#runs.delete(name);
    this.#runs.set(name, node);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > RUNS_MAX && oldest !== undefined) this.#runs.delete(oldest);
    const isSuccessor = before !== undefined && before !== node && role !== 'actor';
    return isSuccessor ? [{ kind: 'node-end', at, node: before }, entry] : [entry];
  }

  #isNew(batch: BatchName | null): boolean {
    if (batch === null) return true;
    const { sender, number } = batch;
    const last = this.#last.get(sender) ?? 0;
    // In the order of their last batches, so that the first is the one that is silent longest.
    this.#last.delete(sender);
    this.#last.set(sender, Math.max(last, number));
    const [silent] = this.#last.keys();
    if (this.#last.size > SENDERS_MAX && silent !== undefined) this.#last.delete(silent);
    return number > last;
  }
}
