/** Who takes part in a round: chosen once, at begin, and never changed after (P14). */

/** What the choice is made from; `matches` is the host's predicate, asked beforehand. */
export interface Candidate {
  readonly slave: string;
  readonly connected: boolean;
  /** Versions behind the master. */
  readonly lag: number;
  /** Missed deadlines in a row since it was last in step. */
  readonly failures: number;
  readonly matches: boolean;
}

export interface ParticipantPolicy {
  /**
   * `connected`: live and within `maxLag`; `known`: everyone not forgotten; `matching`: chosen by
   * the host.
   */
  readonly among: 'connected' | 'known' | 'matching';
  /** Versions a slave may be behind and still be asked. */
  readonly maxLag: number;
  /**
   * What an unreachable one means: wait for it, leave it out now, or leave it out after k failures.
   */
  readonly unreachable: 'abort' | 'defer' | 'exclude';
  /** The k of `exclude`. */
  readonly failuresMax: number;
  /** Take only the first k, most recent first; null for all. */
  readonly quorum: number | null;
  /** Fewer than this many, and the round is not begun. */
  readonly atLeast: number;
}

export interface Choice {
  readonly participants: readonly string[];
  /** Null, or why no round can begin. */
  readonly obstacle: string | null;
}

function isEligible(policy: ParticipantPolicy, candidate: Candidate): boolean {
  if (policy.among === 'matching' && !candidate.matches) return false;
  if (policy.unreachable === 'exclude' && candidate.failures >= policy.failuresMax) return false;
  const reachable = candidate.connected && candidate.lag <= policy.maxLag;
  if (policy.among === 'connected' || policy.unreachable === 'defer') return reachable;
  return true;
}

/** Applies the policy; the order is stable so that equal inputs choose alike. */
export function chooseParticipants(
  policy: ParticipantPolicy,
  candidates: readonly Candidate[],
): Choice {
  const eligible = candidates
    .filter((candidate) => isEligible(policy, candidate))
    .sort((left, right) => left.lag - right.lag || (left.slave < right.slave ? -1 : 1));
  const wanted = policy.quorum ?? eligible.length;
  const participants = eligible.slice(0, wanted).map((candidate) => candidate.slave);
  const needed = Math.max(policy.atLeast, policy.quorum ?? 0);
  if (participants.length >= needed) return { participants: participants.sort(), obstacle: null };
  return {
    participants,
    obstacle: `${needed} slaves have to take part and ${participants.length} can`,
  };
}
