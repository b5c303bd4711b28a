/** Any message of any kind, and any envelope, for properties over what travels. */
import fc from 'fast-check';
import { payloadOf } from '../../lib/service/payload.js';
import { type Envelope, type Message, PROTOCOL_VERSION } from '../../machines/protocol.js';

const name = fc.string({ maxLength: 60, unit: 'grapheme' });
const count = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1),
);
const bytes = fc.uint8Array({ maxLength: 200 });
const payload = bytes.map(payloadOf);
const bare = payload.map(({ bytes: length, checksum }) => ({ bytes: length, checksum }));
const point = fc.record({ version: count, digest: name });
const epoch = fc.record({ term: count, start: count });
const position = fc.record({ lineage: name, epoch, version: count, digest: name });
const orNull = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: null });
const durability = fc.constantFrom('disk', 'os', 'memory');
const relation = fc.constantFrom('same', 'behind', 'ahead', 'fork', 'unknown');
const link = fc.oneof(
  fc.record({ from: point, to: point, durability }),
  fc.record({ from: point, to: point, durability, payload: fc.oneof(payload, bare) }),
);
const links = fc.array(link, { maxLength: 4 });
const prepared = fc.record({
  round: name,
  from: point,
  to: point,
  epoch,
  incarnation: name,
  sequence: count,
});
const stamp = { sequence: count, position: point, firm: point, openRound: orNull(name) };
const chunk = {
  build: name,
  index: count,
  last: fc.boolean(),
  from: point,
  to: position,
  durability,
  round: orNull(name),
  reason: orNull(fc.constantFrom('empty', 'trimmed', 'fork')),
  firmRelation: relation,
  payload,
};
const via = fc.array(name, { maxLength: 3 });
const few = { maxLength: 4 };
const linkState = fc.constantFrom('joining', 'live', 'lagging', 'stale', 'refused');
const problem = orNull(fc.record({ code: name, reason: name }));
const nodeBelow = { id: name, via, version: count, link: linkState, stage: name, problem };
const state = fc.constantFrom('here' as const, 'left' as const, 'dropped' as const);
const move = { id: name, via, incarnation: name, state, version: count };

/** The fields of each kind. */
const KINDS = {
  announce: { ...stamp, links, reply: fc.boolean() },
  prepare: {
    ...stamp,
    round: name,
    from: point,
    to: point,
    participants: fc.array(name, { maxLength: 5 }),
    links,
    payload: fc.oneof(payload, bare),
  },
  commit: { ...stamp, round: name, to: point },
  abort: { ...stamp, round: name, reason: name },
  welcome: {
    hello: name,
    position: point,
    firm: point,
    sequence: count,
    openRound: orNull(name),
    volatile: fc.boolean(),
    heartbeatMs: count,
    relation,
    firmRelation: relation,
  },
  delta: chunk,
  snapshot: chunk,
  outcome: {
    round: name,
    outcome: fc.constantFrom('committed', 'aborted', 'pending', 'unknown', 'superseded'),
    position: point,
  },
  refused: { code: name, message: name, hello: orNull(name) },
  hello: {
    hello: name,
    position: orNull(position),
    firm: orNull(point),
    prepared: orNull(prepared),
    durable: fc.boolean(),
  },
  request: {
    position: orNull(position),
    firm: orNull(point),
    round: orNull(name),
    build: orNull(name),
    next: count,
  },
  vote: {
    round: name,
    answer: fc.constantFrom('yes', 'no'),
    reason: orNull(name),
    code: orNull(name),
    position: orNull(position),
    needsSync: fc.boolean(),
  },
  ack: { position: orNull(position), durability, round: orNull(name), problem: orNull(name) },
  inquire: { prepared },
  goodbye: { reason: name },
  below: {
    relays: count,
    live: count,
    versions: fc.array(fc.record({ version: count, slaves: count }), few),
    behind: fc.array(fc.record(nodeBelow), few),
    moves: fc.array(fc.record(move), few),
  },
} as const;

export type Kind = keyof typeof KINDS;
export const kinds = Object.keys(KINDS) as Kind[];

export function messageOf(kind: Kind): fc.Arbitrary<Message> {
  const fields = fc.record(KINDS[kind] as Record<string, fc.Arbitrary<unknown>>);
  return fields.map((rest) => ({ kind, ...rest }) as Message);
}

export const envelopes: fc.Arbitrary<Envelope> = fc.record({
  protocol: fc.constant(PROTOCOL_VERSION),
  item: name,
  lineage: name,
  epoch,
  incarnation: name,
  sender: name,
});

export const HEADER: Envelope = {
  protocol: PROTOCOL_VERSION,
  item: 'item',
  lineage: 'l',
  epoch: { term: 1, start: 1 },
  incarnation: 'i',
  sender: 's',
};

/** `fast-check` makes null-prototype objects too; only content counts. */
export const plain = (value: unknown) => structuredClone(value);
