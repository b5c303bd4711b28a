/** What sessions, serving and inbox need of the master they belong to. */
import type { Reign } from '../../machines/outcome.js';
import type {
  Envelope,
  Enveloped,
  Message,
  Point,
  RefusedMessage,
} from '../../machines/protocol.js';
import type { Vote } from '../../machines/tally.js';
import type { BuildFacts } from './build.js';
import type { KnownSlave } from './slave-roster.js';

export interface MasterPort {
  readonly lineage: () => string;
  /** Why nobody is served any more, or null. */
  readonly refusal: () => { readonly code: string; readonly message: string } | null;
  readonly position: () => Point;
  readonly firm: () => Point;
  readonly openRound: () => string | null;
  /** The newest point of this history, a decided one included (P10). */
  readonly head: () => Point;
  readonly reigns: () => readonly Reign[];
  readonly digestAt: (version: number) => string | undefined;
  readonly isVolatile: boolean;
  readonly heartbeatMs: number;
  readonly sequence: () => number;
  /** Where a whole state leads that is asked for now: those who wait for one share it. */
  readonly snapshotPoint: () => Point;
  readonly makeDelta: (from: Point) => Promise<{ facts: BuildFacts; bytes: Uint8Array } | null>;
  readonly makeSnapshot: () => Promise<{ facts: BuildFacts; chunks: AsyncIterable<Uint8Array> }>;
  readonly roundPayload: () => { facts: BuildFacts; bytes: Uint8Array } | null;
  readonly announcement: () => Message;
  readonly slaveCame: (slave: KnownSlave, holds: string | null) => void;
  readonly slaveLeft: (slave: KnownSlave, reason: string | null) => void;
  readonly voted: (vote: Vote) => void;
  readonly confirmed: (
    slave: KnownSlave,
    position: Point,
    settled: boolean,
    round: string | null,
  ) => void;
  readonly inquired: (slave: KnownSlave, message: Extract<Message, { kind: 'inquire' }>) => void;
  /** Every message shows a reign; a later one fences this master (P16). */
  readonly seen: (envelope: Envelope) => void;
  readonly refusedBy: (message: Enveloped<RefusedMessage>) => void;
  readonly versionShown: (version: number, isAhead: boolean) => void;
  readonly trouble: (code: string, reason: string) => void;
}
