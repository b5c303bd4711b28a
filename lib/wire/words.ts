/** The words of the protocol and the numbers they travel as: the place in these lists. */
import type {
  Durability,
  LinkState,
  MessageKind,
  MoveState,
  Relation,
  RoundOutcome,
  SnapshotReason,
  VoteMessage,
} from '../../machines/protocol.js';

/** Each word of a type once, in any order; a word that is missing does not compile. */
function words<Word extends string>(places: Readonly<Record<Word, number>>): readonly Word[] {
  const list: Word[] = [];
  for (const word of Object.keys(places) as Word[]) list[places[word]] = word;
  return list;
}

export const KINDS = words<MessageKind>({
  announce: 0,
  prepare: 1,
  commit: 2,
  abort: 3,
  welcome: 4,
  delta: 5,
  snapshot: 6,
  outcome: 7,
  refused: 8,
  hello: 9,
  request: 10,
  vote: 11,
  ack: 12,
  inquire: 13,
  goodbye: 14,
  below: 15,
});
export const DURABILITIES = words<Durability>({ disk: 0, os: 1, memory: 2 });
export const RELATIONS = words<Relation>({ same: 0, behind: 1, ahead: 2, fork: 3, unknown: 4 });
export const SNAPSHOT_REASONS = words<SnapshotReason>({ empty: 0, trimmed: 1, fork: 2 });
export const ANSWERS = words<VoteMessage['answer']>({ yes: 0, no: 1 });
export const OUTCOMES = words<RoundOutcome>({
  committed: 0,
  aborted: 1,
  pending: 2,
  unknown: 3,
  superseded: 4,
});
export const MOVE_STATES = words<MoveState>({ here: 0, left: 1, dropped: 2 });
export const LINK_STATES = words<LinkState>({
  joining: 0,
  live: 1,
  lagging: 2,
  stale: 3,
  refused: 4,
});
