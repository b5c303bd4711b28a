/** From what the host said to the policy the machines know, and from slaves to candidates (P14). */
import {
  type Candidate,
  type Choice,
  chooseParticipants,
  type ParticipantPolicy,
} from '../../machines/participants.js';
import { ReplicationError } from '../errors.js';
import type { Participants } from '../master-options.js';
import type { SlaveInfo } from './status.js';

export interface ParticipantOptions {
  readonly participants: Participants;
  readonly maxLag: number;
  readonly atLeast: number;
  readonly unreachable: 'abort' | 'defer' | { readonly exclude: number };
}

/** What the choice needs of one slave; `lag` counts committed changes. */
export interface SlaveFacts {
  readonly info: SlaveInfo;
  readonly lag: number;
  readonly failures: number;
}

function policyOf(options: ParticipantOptions): ParticipantPolicy {
  const { participants, maxLag, atLeast, unreachable } = options;
  const isQuorum = typeof participants === 'object' && 'quorum' in participants;
  const among =
    participants === 'connected' || isQuorum
      ? 'connected'
      : participants === 'known'
        ? 'known'
        : 'matching';
  const exclude = typeof unreachable === 'object' ? unreachable.exclude : null;
  return {
    among,
    maxLag,
    atLeast,
    unreachable: exclude === null ? (unreachable as 'abort' | 'defer') : 'exclude',
    failuresMax: exclude ?? 0,
    quorum: isQuorum ? participants.quorum : null,
  };
}

/** An async predicate's promise is no yes; taken for a no it would let rounds pass unasked. */
function chosen(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  if (answer instanceof Promise) answer.catch(() => {});
  const message = 'the participants function must answer true or false, at once';
  throw new ReplicationError('INVALID_OPTION', message);
}

/** A list names slaves; a predicate is the host's code and may throw: then it did not choose. */
function matches(participants: Participants, info: SlaveInfo): boolean {
  if (typeof participants === 'function') return chosen(participants(info));
  return Array.isArray(participants) ? participants.includes(info.id) : true;
}

/**
 * Joined, and its connection stands and takes what is pushed. One that is merely silent for some
 * heartbeats is asked all the same: it may be busy, and leaving it out would skip its vote. A
 * regressed one keeps its data and answers nothing (P16): no round could end but by its silence.
 */
function isReachable({ link, peer, stage }: SlaveInfo): boolean {
  return peer !== null && stage !== 'regressed' && (link === 'live' || link === 'stale');
}

/**
 * Chooses the participants of a round.
 * @throws whatever the host's predicate throws
 */
export function chooseFrom(options: ParticipantOptions, slaves: readonly SlaveFacts[]): Choice {
  const candidates: Candidate[] = slaves.map(({ info, lag, failures }) => ({
    slave: info.id,
    connected: isReachable(info),
    lag,
    failures,
    matches: matches(options.participants, info),
  }));
  return chooseParticipants(policyOf(options), candidates);
}
