/** What a relay listens to and says in its own run as a slave; plain slaves have none. */
import type {
  AnnounceMessage,
  Enveloped,
  OutcomeMessage,
  Position,
  WelcomeMessage,
} from '../../machines/protocol.js';
import type { SlaveReport } from './inspection.js';

export interface SlaveTap {
  /** Where an ack says that it stands: a relay speaks for those below it, too (P20). */
  ackPosition(own: Position | null): Position | null;
  /** False for a commit that somebody below has not confirmed: that ack follows later. */
  acknowledges(round: string): boolean;
  /** Accepted announcements, as they came and in their order, once the machine took them. */
  announced(messages: readonly Enveloped<AnnounceMessage>[]): void;
  welcomed(message: Enveloped<WelcomeMessage>): void;
  outcomeCame(message: Enveloped<OutcomeMessage>): void;
  /** The round is over here, and not by a commit. */
  roundDropped(round: string, isSuperseded: boolean): void;
  /** Those below, for who inspects. */
  report(): Pick<SlaveReport, 'slaves' | 'below'>;
  /** After every event and its effects. */
  settled(): void;
}
