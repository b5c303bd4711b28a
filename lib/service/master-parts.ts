/** The parts of one run of a master, as those who carry out its effects see them. */
import type { masterMachine } from '../../machines/master.js';
import type {
  Confirmation,
  MasterContext,
  MasterEffects,
  RecoveredMaster,
} from '../../machines/master-context.js';
import type { Position } from '../../machines/protocol.js';
import type { Vote } from '../../machines/tally.js';
import type { MasterUserLayer } from '../layers/contract.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { StoreDefinition } from '../stores/contract.js';
import type { MasterTransport } from '../transports/contract.js';
import type { ProtocolActor } from './actor.js';
import type { ChangeTeller } from './change-teller.js';
import type { Emitter } from './emitter.js';
import type { GatheringBox } from './gathering-box.js';
import type { GroupQueue } from './group-queue.js';
import type { History } from './history.js';
import type { InspectOption } from './inspection.js';
import type { MasterSessions } from './master-sessions.js';
import type { MasterStorage } from './master-storage.js';
import type { Original } from './original.js';
import type { Outbox } from './outbox.js';
import type { ParticipantOptions } from './participants.js';
import type { RunInspection } from './run-inspection.js';
import type { KnownSlave, SlaveRoster } from './slave-roster.js';
import type { MasterEvents } from './status.js';
import type { Waits } from './waits.js';

/** The options of a master after validation, with every default in place. */
export interface MasterSettings extends ParticipantOptions {
  readonly item: string;
  readonly id: string;
  readonly layer: MasterUserLayer;
  readonly transport: MasterTransport;
  readonly store: StoreDefinition | null;
  readonly heartbeatMs: number;
  readonly voteMs: number;
  readonly queueMax: number;
  readonly historyMax: number;
  readonly takeover: boolean;
  readonly term: number | null;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly inspect?: InspectOption;
}

export type MasterActor = ProtocolActor<typeof masterMachine, MasterEffects>;

export interface MasterParts {
  readonly settings: MasterSettings;
  readonly context: MasterContext;
  readonly actor: MasterActor;
  readonly emitter: Emitter<MasterEvents>;
  readonly waits: Waits;
  readonly storage: MasterStorage;
  readonly history: History;
  readonly original: Original;
  readonly outbox: Outbox;
  readonly roster: SlaveRoster;
  readonly sessions: MasterSessions;
  readonly queue: GroupQueue;
  /** Absent when nobody inspects this run. */
  readonly inspection: RunInspection | undefined;
  readonly changes: ChangeTeller | undefined;
  readonly votes: GatheringBox<Vote>;
  readonly confirmations: GatheringBox<Confirmation>;
  /** Slaves that have not confirmed a round they were asked in. */
  readonly unconfirmed: ReadonlySet<string>;
  /** What the machine starts from. */
  readonly recovered: RecoveredMaster | null;
  /** Where the original stands; null before its first version. */
  readonly position: Position | null;
  /** Tells listeners of a slave's row; costs nothing when nobody listens. */
  tellSlave(slave: KnownSlave): void;
  /** Writes the ids of the known slaves when there are others than last time. */
  saveKnown(): void;
  sweep(): void;
  storeFailed(error: unknown): void;
  trouble(code: string, reason: string): void;
}
