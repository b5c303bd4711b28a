/** The shape of every message, as docs/protocol.md lists them. */
import type {
  ChunkMessage,
  DeltaLink,
  Envelope,
  Message,
  MessageKind,
  Payload,
  Point,
  Position,
  PreparedRound,
} from '../../machines/protocol.js';
import type { Shape } from './shape.js';
import { count, flag, list, name, nullable, oneOf, optional, reason, record } from './shape.js';

/** Slaves named in one round; more do not fit a sensible frame. */
const PARTICIPANTS_MAX = 100_000;
const LINKS_MAX = 16;

/** A payload as it travels: where its bytes lie in the frame, or -1 when they are not in it. */
export interface WirePayload {
  readonly bytes: number;
  readonly checksum: string;
  readonly inline: boolean;
}

const point: Shape<Point> = record<Point>({ version: count, digest: name });
const epoch = record<Envelope['epoch']>({ term: count, start: count });
const position: Shape<Position> = record<Position>({
  lineage: name,
  epoch,
  version: count,
  digest: name,
});
const durability = oneOf('disk', 'os', 'memory');
const relation = oneOf('same', 'behind', 'ahead', 'fork', 'unknown');
const wirePayload = record<WirePayload>({ bytes: count, checksum: name, inline: flag });
/** The machine's `Payload`: the decoder puts the body in once it found the bytes. */
const payload = wirePayload as unknown as Shape<Payload>;
const link: Shape<DeltaLink> = record<{
  from: Point;
  to: Point;
  durability: DeltaLink['durability'];
  payload: Payload | undefined;
}>({ from: point, to: point, durability, payload: optional(payload) }) as Shape<DeltaLink>;
const prepared = record<PreparedRound>({
  round: name,
  from: point,
  to: point,
  epoch,
  incarnation: name,
  sequence: count,
});
const stamp = { sequence: count, position: point, firm: point, openRound: nullable(name) };
const links = list(link, LINKS_MAX);

export const envelopeShape: Shape<Envelope> = record<Envelope>({
  protocol: count,
  item: name,
  lineage: name,
  epoch,
  incarnation: name,
  sender: name,
});

const chunk = {
  build: name,
  index: count,
  last: flag,
  from: point,
  to: position,
  durability,
  round: nullable(name),
  reason: nullable(oneOf('empty', 'trimmed', 'fork')),
  firmRelation: relation,
  payload,
};

type MessageOf<K extends MessageKind> = K extends ChunkMessage['kind']
  ? ChunkMessage
  : Extract<Message, { kind: K }>;
type Shapes = { readonly [K in MessageKind]: Shape<Omit<MessageOf<K>, 'kind'>> };

/** One shape per kind; a kind that is not here is refused. */
export const messageShapes: Shapes = {
  announce: record({ ...stamp, links, reply: flag }),
  prepare: record({
    ...stamp,
    round: name,
    from: point,
    to: point,
    participants: list(name, PARTICIPANTS_MAX),
    links,
    payload,
  }),
  commit: record({ ...stamp, round: name, to: point }),
  abort: record({ ...stamp, round: name, reason }),
  welcome: record({
    hello: name,
    position: point,
    firm: point,
    sequence: count,
    openRound: nullable(name),
    volatile: flag,
    heartbeatMs: count,
    relation,
    firmRelation: relation,
  }),
  delta: record(chunk),
  snapshot: record(chunk),
  outcome: record({
    round: name,
    outcome: oneOf('committed', 'aborted', 'pending', 'unknown', 'superseded'),
    position: point,
  }),
  refused: record({ code: name, message: reason, hello: nullable(name) }),
  hello: record({
    hello: name,
    position: nullable(position),
    firm: nullable(point),
    prepared: nullable(prepared),
    durable: flag,
  }),
  request: record({
    position: nullable(position),
    firm: nullable(point),
    round: nullable(name),
    build: nullable(name),
    next: count,
  }),
  vote: record({
    round: name,
    answer: oneOf('yes', 'no'),
    reason: nullable(reason),
    code: nullable(name),
    position: nullable(position),
    needsSync: flag,
  }),
  ack: record({
    position: nullable(position),
    durability,
    round: nullable(name),
    problem: nullable(reason),
  }),
  inquire: record({ prepared }),
  goodbye: record({ reason }),
};
