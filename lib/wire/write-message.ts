/** How each message is written; docs/protocol.md lists the same. */
import type {
  BelowMessage,
  ChunkMessage,
  Message,
  MessageKind,
  StampedMessage,
} from '../../machines/protocol.js';
import type { HeadWriter } from './head-writer.js';
import {
  ANSWERS,
  DURABILITIES,
  LINK_STATES,
  MOVE_STATES,
  OUTCOMES,
  RELATIONS,
  SNAPSHOT_REASONS,
} from './words.js';

export type MessageOf<K extends MessageKind> = K extends ChunkMessage['kind']
  ? ChunkMessage
  : Extract<Message, { kind: K }>;

type Writers = {
  readonly [K in MessageKind]: (writer: HeadWriter, message: MessageOf<K>) => void;
};

function stamp(writer: HeadWriter, message: StampedMessage): void {
  writer.count(message.sequence);
  writer.point(message.position);
  writer.point(message.firm);
  writer.textOrNull(message.openRound);
}

function chunk(writer: HeadWriter, message: ChunkMessage): void {
  writer.text(message.build);
  writer.count(message.index);
  writer.flag(message.last);
  writer.point(message.from);
  writer.position(message.to);
  writer.word(DURABILITIES, message.durability);
  writer.textOrNull(message.round);
  writer.flag(message.reason !== null);
  if (message.reason !== null) writer.word(SNAPSHOT_REASONS, message.reason);
  writer.word(RELATIONS, message.firmRelation);
  writer.payload(message.payload);
}

function below(writer: HeadWriter, message: BelowMessage): void {
  writer.count(message.relays);
  writer.count(message.live);
  writer.count(message.versions.length);
  for (const { version, slaves } of message.versions) {
    writer.count(version);
    writer.count(slaves);
  }
  writer.count(message.behind.length);
  for (const { id, via, version, link, stage, problem } of message.behind) {
    writer.text(id);
    writer.names(via);
    writer.count(version);
    writer.word(LINK_STATES, link);
    writer.text(stage);
    writer.textOrNull(problem?.code ?? null);
    if (problem !== null) writer.text(problem.reason);
  }
  writer.count(message.moves.length);
  for (const { id, via, incarnation, state, version } of message.moves) {
    writer.text(id);
    writer.names(via);
    writer.text(incarnation);
    writer.word(MOVE_STATES, state);
    writer.count(version);
  }
}

const writers: Writers = {
  announce: (writer, message) => {
    stamp(writer, message);
    writer.links(message.links);
    writer.flag(message.reply);
  },
  prepare: (writer, message) => {
    stamp(writer, message);
    writer.text(message.round);
    writer.point(message.from);
    writer.point(message.to);
    writer.names(message.participants);
    writer.links(message.links);
    writer.payload(message.payload);
  },
  commit: (writer, message) => {
    stamp(writer, message);
    writer.text(message.round);
    writer.point(message.to);
  },
  abort: (writer, message) => {
    stamp(writer, message);
    writer.text(message.round);
    writer.text(message.reason);
  },
  welcome: (writer, message) => {
    writer.text(message.hello);
    writer.point(message.position);
    writer.point(message.firm);
    writer.count(message.sequence);
    writer.textOrNull(message.openRound);
    writer.flag(message.volatile);
    writer.count(message.heartbeatMs);
    writer.word(RELATIONS, message.relation);
    writer.word(RELATIONS, message.firmRelation);
  },
  delta: chunk,
  snapshot: chunk,
  outcome: (writer, message) => {
    writer.text(message.round);
    writer.word(OUTCOMES, message.outcome);
    writer.point(message.position);
  },
  refused: (writer, message) => {
    writer.text(message.code);
    writer.text(message.message);
    writer.textOrNull(message.hello);
  },
  hello: (writer, message) => {
    writer.text(message.hello);
    writer.position(message.position);
    writer.pointOrNull(message.firm);
    writer.flag(message.prepared !== null);
    if (message.prepared !== null) writer.prepared(message.prepared);
    writer.flag(message.durable);
  },
  request: (writer, message) => {
    writer.position(message.position);
    writer.pointOrNull(message.firm);
    writer.textOrNull(message.round);
    writer.textOrNull(message.build);
    writer.count(message.next);
  },
  vote: (writer, message) => {
    writer.word(ANSWERS, message.answer);
    writer.text(message.round);
    writer.textOrNull(message.reason);
    writer.textOrNull(message.code);
    writer.position(message.position);
    writer.flag(message.needsSync);
  },
  ack: (writer, message) => {
    writer.position(message.position);
    writer.word(DURABILITIES, message.durability);
    writer.textOrNull(message.round);
    writer.textOrNull(message.problem);
  },
  inquire: (writer, message) => writer.prepared(message.prepared),
  goodbye: (writer, message) => writer.text(message.reason),
  below,
};

type AnyWriter = (writer: HeadWriter, message: Message) => void;

/** Writes the fields of `message`, without its kind. */
export function writeMessage(writer: HeadWriter, message: Message): void {
  (writers[message.kind] as AnyWriter)(writer, message);
}
