/** The shape of each kind of line, so that no reader has to mistrust what it was given. */
import { type Line, RECORDING_FORMAT } from '../entries.js';
import {
  anything,
  count,
  either,
  fields,
  finite,
  flag,
  later,
  listOf,
  maybe,
  moment,
  number,
  oneOf,
  orNull,
  recordOf,
  type Shape,
  text,
} from './shape.js';

const point = fields({ version: finite, digest: text });
const position = fields({
  version: finite,
  digest: text,
  lineage: text,
  epoch: fields({ term: finite, start: finite }),
});
const problem = fields({ code: text, reason: text });

const masterStatus = fields({
  state: text,
  position: orNull(position),
  round: orNull(fields({ id: text, stage: text })),
  queued: number,
  problem: orNull(problem),
});

const slaveInfo = fields({
  id: text,
  link: text,
  version: number,
  lag: number,
  stage: text,
  age: number,
  incarnation: text,
  peer: orNull(text),
  problem: orNull(problem),
});

const below = fields({
  slaves: count,
  relays: count,
  live: count,
  current: count,
  versions: listOf(fields({ version: finite, slaves: count })),
  behind: listOf(
    fields({
      id: text,
      via: listOf(text),
      version: finite,
      link: text,
      stage: text,
      problem: orNull(problem),
    }),
  ),
});

const slaveStatus = fields({
  link: text,
  data: text,
  round: text,
  roundId: orNull(text),
  inDoubtFor: number,
  problem: orNull(problem),
  target: orNull(point),
  summary: text,
});

const report = either(
  fields({
    role: oneOf('master'),
    status: masterStatus,
    slaves: listOf(slaveInfo),
    below: maybe(below),
  }),
  fields({
    role: oneOf('slave'),
    status: slaveStatus,
    position: orNull(position),
    age: orNull(number),
    transfer: orNull(fields({ kind: text, bytes: number, chunks: number })),
    slaves: maybe(listOf(slaveInfo)),
    below: maybe(below),
  }),
);

const action = fields({ name: text });

const transition = fields({
  id: text,
  source: text,
  event: text,
  kind: oneOf('event', 'after', 'done', 'error', 'always'),
  delay: maybe(either(text, number)),
  guard: text,
  guardUnnamed: flag,
  actions: listOf(action),
  targets: listOf(text),
  description: text,
});

const state: Shape = fields({
  path: text,
  key: text,
  type: text,
  description: text,
  initial: listOf(text),
  entry: listOf(action),
  exit: listOf(action),
  invokes: listOf(text),
  transitions: listOf(transition),
  children: listOf(later(() => state)),
});

const chart = fields({
  id: text,
  description: text,
  maxIterations: maybe(number),
  delays: listOf(text),
  root: state,
});

const stateValue: Shape = either(text, recordOf(later(() => stateValue)));

const progress = recordOf(fields({ stage: text, reason: maybe(text) }));

type Kind = Line['kind'];

const entry: Shape = later(() => anyEntry);

const SHAPES: Readonly<Record<Kind, Shape>> = {
  'replichart-recording': fields({
    format: oneOf(RECORDING_FORMAT),
    package: text,
    payloads: flag,
  }),
  node: fields({
    node: text,
    role: oneOf('master', 'slave', 'actor'),
    item: text,
    id: text,
    incarnation: text,
    process: fields({ pid: number, host: text }),
  }),
  'node-end': fields({ node: text }),
  report: fields({ node: text, report }),
  machine: fields({ machine: text, chart }),
  actor: fields({
    node: text,
    actor: text,
    name: text,
    machine: orNull(text),
    parent: orNull(text),
    value: orNull(stateValue),
    context: anything,
  }),
  'actor-end': fields({ actor: text }),
  step: fields({
    actor: text,
    event: fields({ type: text }),
    from: maybe(text),
    taken: listOf(text),
    value: maybe(stateValue),
    changed: maybe(recordOf(anything)),
  }),
  message: fields({
    node: text,
    fate: oneOf('sent', 'received', 'ignored'),
    peers: listOf(text),
    name: text,
    message: fields({ kind: text, envelope: fields({ sender: text, item: text }) }),
    bytes: count,
    reason: maybe(text),
  }),
  change: fields({
    node: text,
    change: text,
    method: oneOf('one-phase', 'two-phase'),
    stage: oneOf('begun', 'decided', 'committed', 'applied', 'aborted', 'failed'),
    to: position,
    updates: count,
    bytes: count,
    slaves: progress,
    problem: orNull(problem),
  }),
  trouble: fields({
    node: text,
    trouble: fields({ code: text, reason: text, heuristic: flag }),
  }),
  gap: fields({
    node: text,
    count,
    changes: maybe(recordOf(count)),
    reason: oneOf('rate', 'buffer', 'nodes'),
  }),
  keyframe: fields({ entries: listOf(entry) }),
};

const stamped = fields({ kind: text, at: moment });

/** Of any line, and the header is one. */
export const anyLine: Shape = (value) => {
  const wrong = stamped(value);
  if (wrong !== null) return wrong;
  const { kind } = value as { readonly kind: string };
  if (!Object.hasOwn(SHAPES, kind)) return `.kind is unknown: ${kind.slice(0, 40)}`;
  return SHAPES[kind as Kind](value);
};

/** Within a keyframe: no header, and no keyframe. */
const anyEntry: Shape = (value) => {
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  if (kind === 'keyframe' || kind === 'replichart-recording') return '.kind cannot stand here';
  return anyLine(value);
};
