/** How each message is read: what `write-message.ts` writes, checked field by field. */
import type {
  ChunkMessage,
  Envelope,
  Enveloped,
  Message,
  MessageKind,
  NodeBelow,
  NodeMove,
} from '../../machines/protocol.js';
import type { HeadReader } from './head-reader.js';
import { LEVELS_MAX, NODES_MAX, VERSIONS_MAX } from './limits.js';
import {
  ANSWERS,
  DURABILITIES,
  LINK_STATES,
  MOVE_STATES,
  OUTCOMES,
  RELATIONS,
  SNAPSHOT_REASONS,
} from './words.js';
import type { MessageOf } from './write-message.js';

export type MessageReader<M extends Message = Message> = (
  reader: HeadReader,
  envelope: Envelope,
) => Enveloped<M>;

function chunk<K extends ChunkMessage['kind']>(kind: K): MessageReader<ChunkMessage> {
  return (reader, envelope) => ({
    kind,
    build: reader.text(),
    index: reader.count(),
    last: reader.flag(),
    from: reader.point(),
    to: reader.position(),
    durability: reader.word(DURABILITIES),
    round: reader.textOrNull(),
    reason: reader.flag() ? reader.word(SNAPSHOT_REASONS) : null,
    firmRelation: reader.word(RELATIONS),
    payload: reader.payload(),
    envelope,
  });
}

const via = (reader: HeadReader) => reader.names(LEVELS_MAX, 'levels');

function problem(reader: HeadReader): NodeBelow['problem'] {
  const code = reader.textOrNull();
  return code === null ? null : { code, reason: reader.reason() };
}

function nodeBelow(reader: HeadReader): NodeBelow {
  return {
    id: reader.text(),
    via: via(reader),
    version: reader.count(),
    link: reader.word(LINK_STATES),
    stage: reader.text(),
    problem: problem(reader),
  };
}

function move(reader: HeadReader): NodeMove {
  return {
    id: reader.text(),
    via: via(reader),
    incarnation: reader.text(),
    state: reader.word(MOVE_STATES),
    version: reader.count(),
  };
}

type Readers = { readonly [K in MessageKind]: MessageReader<MessageOf<K>> };

/** The fields of a literal are evaluated in the order in which they stand: that of the bytes. */
export const messageReaders: Readers = {
  announce: (reader, envelope) => ({
    kind: 'announce',
    sequence: reader.count(),
    position: reader.point(),
    firm: reader.point(),
    openRound: reader.textOrNull(),
    links: reader.links(),
    reply: reader.flag(),
    envelope,
  }),
  prepare: (reader, envelope) => ({
    kind: 'prepare',
    sequence: reader.count(),
    position: reader.point(),
    firm: reader.point(),
    openRound: reader.textOrNull(),
    round: reader.text(),
    from: reader.point(),
    to: reader.point(),
    participants: reader.names(),
    links: reader.links(),
    payload: reader.payload(),
    envelope,
  }),
  commit: (reader, envelope) => ({
    kind: 'commit',
    sequence: reader.count(),
    position: reader.point(),
    firm: reader.point(),
    openRound: reader.textOrNull(),
    round: reader.text(),
    to: reader.point(),
    envelope,
  }),
  abort: (reader, envelope) => ({
    kind: 'abort',
    sequence: reader.count(),
    position: reader.point(),
    firm: reader.point(),
    openRound: reader.textOrNull(),
    round: reader.text(),
    reason: reader.reason(),
    envelope,
  }),
  welcome: (reader, envelope) => ({
    kind: 'welcome',
    hello: reader.text(),
    position: reader.point(),
    firm: reader.point(),
    sequence: reader.count(),
    openRound: reader.textOrNull(),
    volatile: reader.flag(),
    heartbeatMs: reader.count(),
    relation: reader.word(RELATIONS),
    firmRelation: reader.word(RELATIONS),
    envelope,
  }),
  delta: chunk('delta'),
  snapshot: chunk('snapshot'),
  outcome: (reader, envelope) => ({
    kind: 'outcome',
    round: reader.text(),
    outcome: reader.word(OUTCOMES),
    position: reader.point(),
    envelope,
  }),
  refused: (reader, envelope) => ({
    kind: 'refused',
    code: reader.text(),
    message: reader.reason(),
    hello: reader.textOrNull(),
    envelope,
  }),
  hello: (reader, envelope) => ({
    kind: 'hello',
    hello: reader.text(),
    position: reader.positionOrNull(),
    firm: reader.pointOrNull(),
    prepared: reader.flag() ? reader.prepared() : null,
    durable: reader.flag(),
    envelope,
  }),
  request: (reader, envelope) => ({
    kind: 'request',
    position: reader.positionOrNull(),
    firm: reader.pointOrNull(),
    round: reader.textOrNull(),
    build: reader.textOrNull(),
    next: reader.count(),
    envelope,
  }),
  vote: (reader, envelope) => ({
    kind: 'vote',
    answer: reader.word(ANSWERS),
    round: reader.text(),
    reason: reader.reasonOrNull(),
    code: reader.textOrNull(),
    position: reader.positionOrNull(),
    needsSync: reader.flag(),
    envelope,
  }),
  ack: (reader, envelope) => ({
    kind: 'ack',
    position: reader.positionOrNull(),
    durability: reader.word(DURABILITIES),
    round: reader.textOrNull(),
    problem: reader.reasonOrNull(),
    envelope,
  }),
  inquire: (reader, envelope) => ({ kind: 'inquire', prepared: reader.prepared(), envelope }),
  goodbye: (reader, envelope) => ({ kind: 'goodbye', reason: reader.reason(), envelope }),
  below: (reader, envelope) => ({
    kind: 'below',
    relays: reader.count(),
    live: reader.count(),
    versions: reader.list(VERSIONS_MAX, 'versions', () => ({
      version: reader.count(),
      slaves: reader.count(),
    })),
    behind: reader.list(NODES_MAX, 'nodes', () => nodeBelow(reader)),
    moves: reader.list(NODES_MAX, 'nodes', () => move(reader)),
    envelope,
  }),
};
