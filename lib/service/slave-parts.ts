/** The parts of one run of a slave, as those who carry out its effects see them. */

import type { Durability } from '../../machines/protocol.js';
import type { slaveMachine } from '../../machines/slave.js';
import type { SlaveEffects, SlaveFacts } from '../../machines/slave-context.js';
import type { SlaveUserLayer } from '../layers/contract.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { Random } from '../runtime/random.js';
import type { StoreDefinition } from '../stores/contract.js';
import type { PeerId, SlaveTransport } from '../transports/contract.js';
import type { ProtocolActor } from './actor.js';
import type { Copy } from './copy.js';
import type { Emitter } from './emitter.js';
import type { InspectOption } from './inspection.js';
import type { Outbox } from './outbox.js';
import type { RunInspection } from './run-inspection.js';
import type { SlaveStorage } from './slave-storage.js';
import type { SlaveTap } from './slave-tap.js';
import type { SlaveEvents } from './status.js';
import type { TransferReceiver } from './transfer-receiver.js';

/** The options of a slave after validation, with every default in place. */
export interface SlaveSettings {
  readonly item: string;
  readonly id: string;
  readonly layer: SlaveUserLayer;
  readonly transport: SlaveTransport;
  readonly store: StoreDefinition | null;
  readonly silenceMs: number;
  readonly prepareMs: number;
  readonly retryMs: number;
  readonly jitterMs: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly inspect?: InspectOption;
  /** Of a relay. */
  readonly tap?: SlaveTap;
}

export type SlaveActor = ProtocolActor<typeof slaveMachine, SlaveEffects>;

export interface SlaveParts {
  readonly settings: SlaveSettings;
  readonly facts: SlaveFacts;
  readonly actor: SlaveActor;
  readonly emitter: Emitter<SlaveEvents>;
  readonly storage: SlaveStorage;
  readonly copy: Copy;
  readonly outbox: Outbox;
  readonly receiver: TransferReceiver;
  /** Absent when nobody inspects this run. */
  readonly inspection: RunInspection | undefined;
  readonly random: Random;
  /** The present connection to a master. */
  readonly peer: PeerId | null;
  /** The level the last commit reached, for the acks (P19, P20). */
  reached: Durability;
  /** Requests since the last welcome; the first one need not be spread (P18). */
  requestsMade: number;
  /** Calls back in so many milliseconds, unless the run ends before. */
  later(delayMs: number, callback: () => void): void;
  /** A fence is on its way to the disk; the returned function says that it is there. */
  fencing(): () => void;
  storeFailed(error: unknown): void;
  trouble(code: string, reason: string, heuristic?: boolean): void;
}
