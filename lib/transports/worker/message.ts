/**
 * What passes between two threads or processes: plain objects with a mark, so that what the host
 * says over the same port or process is left alone.
 */
import { ReplicationError } from '../../errors.js';

const MARK = 'worker 1';

interface Addressed {
  readonly channel: string;
  /** Which joining it belongs to; chosen by the slave. */
  readonly link: string;
}

export type WorkerMessage =
  | (Addressed & {
      readonly kind: 'hello';
      readonly frameBytesMax: number;
      /** Bytes taken at which the sender wants to be told. */
      readonly acknowledgeBytes: number;
      /** Whether bytes arrive as bytes. */
      readonly probe: unknown;
    })
  | (Addressed & { readonly kind: 'welcome'; readonly acknowledgeBytes: number })
  | (Addressed & { readonly kind: 'refused'; readonly why: WorkerRefusal })
  | (Addressed & {
      readonly kind: 'frames';
      /** Whole frames one after the other, in the order of `lengths`. */
      readonly pieces: readonly Uint8Array[];
      readonly lengths: readonly number[];
    })
  /** All bytes of frames taken since the joining. */
  | (Addressed & { readonly kind: 'taken'; readonly bytes: number })
  | (Addressed & { readonly kind: 'bye' | 'gone' | 'here' });

const REFUSALS = {
  INVALID_OPTION:
    'bytes do not pass between these processes: start the child, or the cluster, with ' +
    "serialization: 'advanced'",
  PROTOCOL: 'frameBytesMax of the two sides differs: give both the same',
  OVERLOADED: 'it has as many slaves as it allows (maxConnections)',
} as const;

export type WorkerRefusal = keyof typeof REFUSALS;

export function refusalOf(why: WorkerRefusal, who: string): ReplicationError {
  const known = Object.hasOwn(REFUSALS, why) ? why : 'PROTOCOL';
  return new ReplicationError(known, `${who}: ${REFUSALS[known]}`);
}

export function marked(message: WorkerMessage): object {
  return { replichart: MARK, ...message };
}

/**
 * Whether a message of a shared port or process belongs to a transport of this package, so that a
 * host's own listener can leave it alone.
 */
export function isReplichartMessage(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  return (message as { readonly replichart?: unknown }).replichart === MARK;
}

/** The message, if it is one of this channel. Its other fields are checked where they are used. */
export function readMessage(message: unknown, channel: string): WorkerMessage | null {
  if (!isReplichartMessage(message)) return null;
  const read = message as WorkerMessage;
  return read.channel === channel && typeof read.link === 'string' ? read : null;
}

/** A name for a joining that nobody else has. */
export function freshLink(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}
