/** The options of a relay after validation, with every default in place. */
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { InspectOption } from '../service/inspection.js';
import type { ParticipantOptions } from '../service/participants.js';
import type { StoreDefinition } from '../stores/contract.js';
import type { MasterTransport, SlaveTransport } from '../transports/contract.js';

export interface RelaySettings extends ParticipantOptions {
  readonly item: string;
  readonly id: string;
  readonly upstream: SlaveTransport;
  readonly downstream: MasterTransport;
  readonly store: StoreDefinition | null;
  readonly voteMs: number;
  readonly silenceMs: number;
  readonly retryMs: number;
  readonly jitterMs: number;
  readonly logBytesMax: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly inspect?: InspectOption;
}
