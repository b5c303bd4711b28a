/** Vote arithmetic of a round: who has to say yes, who did, and what follows (P9, P13, P14). */

/** One slave's answer, bound to the process life that gave it (P13). */
export interface Vote {
  readonly slave: string;
  readonly round: string;
  readonly incarnation: string;
  readonly answer: 'yes' | 'no';
  readonly reason: string | null;
  readonly code: string | null;
}

/**
 * The answers so far, by slave. Only participants are ever in it. Ids are what people and peers
 * chose: read by `voteBy`, since "constructor" is a key of every object, and never assigned to,
 * since "__proto__" would not become a key.
 */
export type Votes = Readonly<Record<string, Vote>>;

/** What this slave answered; undefined as long as it did not. */
export function voteBy(votes: Votes, slave: string): Vote | undefined {
  return Object.hasOwn(votes, slave) ? votes[slave] : undefined;
}

/** Adds votes of participants; a second answer of one incarnation never replaces its first. */
export function countVotes(
  votes: Votes,
  participants: readonly string[],
  news: readonly Vote[],
): Votes {
  const counted = new Map<string, Vote>();
  const asked = new Set(participants);
  for (const vote of news) {
    if (!asked.has(vote.slave)) continue;
    const earlier = counted.get(vote.slave) ?? voteBy(votes, vote.slave);
    if (earlier?.answer === 'no' || earlier?.incarnation === vote.incarnation) continue;
    counted.set(vote.slave, vote);
  }
  // Both make keys of their own, whatever the name.
  return counted.size === 0 ? votes : { ...votes, ...Object.fromEntries(counted) };
}

/** Takes a yes back whose giver came again without holding the round (P13). */
export function voidVote(votes: Votes, slave: string): Votes {
  const { [slave]: _voided, ...kept } = votes;
  return kept;
}

/** Participants without a yes, in their order. */
export function missingVotes(votes: Votes, participants: readonly string[]): readonly string[] {
  return participants.filter((slave) => voteBy(votes, slave)?.answer !== 'yes');
}

/** True once every participant said yes: the only ground for a commit (S2). */
export function isUnanimous(votes: Votes, participants: readonly string[]): boolean {
  return participants.every((slave) => voteBy(votes, slave)?.answer === 'yes');
}

/** The first no in order of participants, or undefined. One is enough to abort. */
export function firstNo(votes: Votes, participants: readonly string[]): Vote | undefined {
  for (const slave of participants) {
    const vote = voteBy(votes, slave);
    if (vote?.answer === 'no') return vote;
  }
  return undefined;
}
