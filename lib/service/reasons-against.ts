/**
 * Why a message that arrived is dropped, in words, for those who inspect. Asked before it is
 * handled, and only where somebody inspects: the protocol itself does not need the words.
 */
import {
  type ChunkMessage,
  type Enveloped,
  isSaidBySlavesOnly,
  type MasterMessage,
} from '../../machines/protocol.js';
import type { SlaveFacts } from '../../machines/slave-context.js';
import { isFromMyMaster, type Judgement, judge } from '../../machines/slave-gate.js';
import type { MasterPort } from './master-port.js';
import type { KnownSlave, Session } from './slave-roster.js';

/** At a master; `session` and `known` are those of the peer that sent it. */
export function reasonAgainstSlave(
  port: MasterPort,
  session: Session | undefined,
  known: KnownSlave | undefined,
  message: Enveloped,
): string | null {
  if (message.kind === 'hello') return null;
  const refusal = port.refusal();
  if (refusal !== null) return refusal.message;
  const { sender } = message.envelope;
  if (session === undefined) return `${sender} has not said hello on this connection`;
  if (session.slave !== sender) return `the connection is that of ${session.slave}`;
  if (known === undefined) return `${sender} was forgotten by the host`;
  const isOfSlaves = message.kind === 'refused' || isSaidBySlavesOnly(message.kind);
  if (!isOfSlaves) return 'a slave must not say that';
  if (message.kind === 'vote' && message.round !== port.openRound()) return 'its round is over';
  return null;
}

const WORDS: Readonly<Record<Judgement, string | null>> = {
  accept: null,
  otherLineage: 'of another lineage',
  lowerEpoch: 'of an older reign',
  higherEpoch: 'of a new reign, which has to welcome this slave first',
  otherIncarnation: 'of a second master in the same reign',
  outdated: 'older than what was heard',
};

/** At a slave; parts of transfers are judged by where their transfer stands as well. */
export function reasonAgainstMaster(
  facts: SlaveFacts,
  message: Enveloped<MasterMessage>,
  reasonAgainstPart: (part: Enveloped<ChunkMessage>) => string | null,
): string | null {
  if (message.kind !== 'delta' && message.kind !== 'snapshot') {
    return WORDS[judge(facts, message as Parameters<typeof judge>[1])];
  }
  if (!isFromMyMaster(facts, message.envelope)) return 'not of the master this slave follows';
  return reasonAgainstPart(message as Enveloped<ChunkMessage>);
}
