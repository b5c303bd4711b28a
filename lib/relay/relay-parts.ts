/** The parts of one run of a relay, as those who carry out its effects see them. */

import type { Confirmation } from '../../machines/master-context.js';
import { ORIGIN } from '../../machines/position.js';
import type { Payload, Point, PreparedRound, Stamp } from '../../machines/protocol.js';
import type { relayMachine } from '../../machines/relay.js';
import type { RelayContext, RelayEffects } from '../../machines/relay-context.js';
import type { SlaveFacts } from '../../machines/slave-context.js';
import type { Vote } from '../../machines/tally.js';
import type { ProtocolActor } from '../service/actor.js';
import type { Emitter } from '../service/emitter.js';
import type { GatheringBox } from '../service/gathering-box.js';
import type { MasterSessions } from '../service/master-sessions.js';
import type { Outbox } from '../service/outbox.js';
import type { KnownSlave, SlaveRoster } from '../service/slave-roster.js';
import type { SlaveRun } from '../service/slave-run.js';
import type { SlaveInfo } from '../service/status.js';
import type { RelayLayer } from './relay-layer.js';
import type { RelaySettings } from './relay-settings.js';
import type { RelayEvents } from './relay-status.js';
import type { WholeState } from './whole-state.js';

export type RelayActor = ProtocolActor<typeof relayMachine, RelayEffects>;

/** The round as the master asked it. */
export interface Question {
  readonly round: string;
  readonly from: Point;
  readonly to: Point;
  readonly payload: Payload;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Which round those below are asked, and what they hold. */
export interface AskedBelow {
  readonly question: Question | null;
  /** What slaves below said in their hello that they hold prepared. */
  readonly holders: Map<string, PreparedRound>;
}

export interface RelayParts {
  readonly settings: RelaySettings;
  /** This relay as a slave of what is above. */
  readonly slave: SlaveRun;
  readonly layer: RelayLayer;
  readonly wholeState: WholeState;
  readonly actor: RelayActor;
  readonly context: RelayContext;
  readonly outbox: Outbox;
  readonly roster: SlaveRoster;
  readonly sessions: MasterSessions;
  readonly votes: GatheringBox<Vote>;
  readonly confirmations: GatheringBox<Confirmation>;
  readonly emitter: Emitter<RelayEvents>;
  readonly rounds: AskedBelow;
  /** The master speaks, and this copy is part of its history: newcomers can be answered. */
  readonly isServing: boolean;
  /** The digest at a version of the master's history, as far as it is known here. */
  readonly digestAt: (version: number) => string | undefined;
  /** One row for each slave below, furthest behind first. */
  rows(): readonly SlaveInfo[];
  tellSlave(slave: KnownSlave): void;
  trouble(code: string, reason: string): void;
}

/** The newest word of the master, verbatim: a stamp is never made here (P2, P10). */
export function stampOf(facts: SlaveFacts): Stamp {
  const { sequence, target, masterFirm, openRound } = facts;
  return { sequence, position: target ?? ORIGIN, firm: masterFirm, openRound };
}
