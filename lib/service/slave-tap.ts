/** What a relay listens to and says in its own run as a slave; plain slaves have none. */
import type {
  AnnounceMessage,
  Durability,
  Enveloped,
  OutcomeMessage,
  WelcomeMessage,
} from '../../machines/protocol.js';

export interface SlaveTap {
  /** The level an ack names: a relay's covers those below it (P19, P20). */
  ackLevel(reached: Durability): Durability;
  /** Accepted announcements, as they came and in their order, once the machine took them. */
  announced(messages: readonly Enveloped<AnnounceMessage>[]): void;
  welcomed(message: Enveloped<WelcomeMessage>): void;
  outcomeCame(message: Enveloped<OutcomeMessage>): void;
  /** The round is over here, and not by a commit. */
  roundDropped(round: string, isSuperseded: boolean): void;
  /** After every event and its effects. */
  settled(): void;
}
