/** Where the lines come from: the inspector that served this page, or a file. */
import type { Timeline } from '../timeline/timeline.js';

/** How it stands with the source, for the people who watch. */
export type SourceState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly reason: string }
  /** Nobody tries again: the link was wrong, or no longer holds. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** All that there is was read. */
  | { readonly kind: 'whole'; readonly name: string };

export interface SourceListener {
  /**
   * A connection begins with all that is kept: what was there before is replaced. `isWhole`: it
   * ends with the last line of a recording. Default: false.
   */
  readonly begin: (isWhole?: boolean) => Timeline;
  /** More lines are in the timeline. */
  readonly more: () => void;
  readonly state: (state: SourceState) => void;
}

/** Between attempts, growing to the second figure. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 8000;
/** The server sends an empty line as often as every few seconds; silence this long is a loss. */
const SILENCE_MS = 30_000;

/** The fragment is never sent to a server, so the token is in no log. */
export function tokenOf(fragment: string): string | null {
  return /^#(?:.*&)?token=([\w-]+)/.exec(fragment)?.[1] ?? null;
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  take: (bytes: Uint8Array) => void,
  more: () => void,
): Promise<void> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    take(value);
    more();
  }
}

async function readWhole(
  stream: ReadableStream<Uint8Array>,
  timeline: Timeline,
  more: () => void,
): Promise<void> {
  await readStream(stream, (bytes) => timeline.append(bytes), more);
  timeline.store.finish();
  more();
}

/** Reads a chosen or dropped file; rejects with what the browser says. */
export async function openFile(file: File, listener: SourceListener): Promise<void> {
  listener.state({ kind: 'connecting' });
  await readWhole(file.stream(), listener.begin(true), listener.more);
  listener.state({ kind: 'whole', name: file.name });
}

interface Answer {
  readonly isWhole: boolean;
  readonly name: string;
}

async function readOnce(listener: SourceListener, signal: AbortSignal): Promise<Answer> {
  const token = tokenOf(location.hash);
  const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
  const silence = new AbortController();
  const giveUp = (): void => silence.abort(new Error('nothing was heard for 30 s'));
  let timer = setTimeout(giveUp, SILENCE_MS);
  const both = AbortSignal.any([signal, silence.signal]);
  const response = await fetch('entries', { headers, signal: both, cache: 'no-store' });
  if (!response.ok || response.body === null) throw await refusalOf(response);
  const isWhole = response.headers.get('replichart-source') === 'recording';
  if (!isWhole) listener.state({ kind: 'live' });
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, SILENCE_MS);
    listener.more();
  };
  try {
    const timeline = listener.begin(isWhole);
    if (isWhole) await readWhole(response.body, timeline, heard);
    else await readStream(response.body, (bytes) => timeline.arrive(bytes, Date.now()), heard);
  } finally {
    clearTimeout(timer);
  }
  return { isWhole, name: 'recording' };
}

/** A status that says that trying again changes nothing. */
class Refused extends Error {}

async function refusalOf(response: Response): Promise<Error> {
  const text = (await response.text()).trim().slice(0, 300);
  const reason = text === '' ? `the server answered ${response.status}` : text;
  return response.status >= 400 && response.status < 500 ? new Refused(reason) : new Error(reason);
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);

/** Follows the inspector until `signal`: again and again, whenever the connection is lost. */
export async function followServer(listener: SourceListener, signal: AbortSignal): Promise<void> {
  let waitMs = RETRY_MS;
  listener.state({ kind: 'connecting' });
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      const { isWhole, name } = await readOnce(listener, signal);
      if (isWhole) return listener.state({ kind: 'whole', name });
      listener.state({ kind: 'lost', reason: 'the inspector ended the connection' });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused)
        return listener.state({ kind: 'refused', reason: error.message });
      listener.state({ kind: 'lost', reason: reasonOf(error) });
    }
    if (performance.now() - startedAt > RETRY_MAX_MS) waitMs = RETRY_MS;
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, RETRY_MAX_MS);
  }
}
