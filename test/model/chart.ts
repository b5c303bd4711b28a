/** A trace as a Mermaid sequence diagram: who did what, and the active states it left behind. */
import { type Message, pointOf } from '../../machines/index.js';
import type { Exploration, Reached } from './explorer.js';
import type { FairReached, Wedge } from './fair-graph.js';
import { MASTERS, SLAVES } from './vocabulary.js';
import type { Universe } from './world.js';

interface Look {
  readonly name: string;
  readonly looks: string;
}

interface Step {
  readonly label: string;
  /** What was delivered, when the step is a delivery. */
  readonly packet: number | null;
  readonly after: readonly Look[];
}

type Processes = Readonly<{ master: number; slaves: readonly number[]; rival?: number }>;

/** `{ serving: { link: 'live', copy: { prepared: 'waiting' } } }` in words. */
function statesIn(value: unknown): string {
  if (typeof value === 'string') return value;
  const entries = Object.entries(value as Record<string, unknown>);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const [name, inner] = only;
    return name === 'serving' ? statesIn(inner) : `${name}.${statesIn(inner)}`;
  }
  return entries.map(([region, inner]) => `${region} ${statesIn(inner)}`).join(', ');
}

function lookOfMaster(universe: Universe, id: number): Look {
  const lead = universe.masters.valueOf(id);
  const { decisions, position } = lead.disk;
  const decided = decisions.map(({ id }) => id).join();
  const leads = lead.snapshot === null ? 'down' : statesIn(lead.snapshot.value);
  const looks = `${leads}, at ${position.digest}${decided && `, decided ${decided}`}`;
  return { name: lead.name, looks };
}

function looksOf(universe: Universe, { master, slaves, rival = -1 }: Processes): readonly Look[] {
  const leads = [master, rival].filter((id) => id >= 0);
  const ofSlaves = slaves.map((id) => {
    const { name, snapshot, disk } = universe.slaves.valueOf(id);
    const state = snapshot === null ? 'down' : statesIn(snapshot.value);
    const held = disk.prepared === null ? '' : `, promised ${disk.prepared.round}`;
    return { name, looks: `${state}, at ${disk.position?.digest ?? 'nothing'}${held}` };
  });
  return [...leads.map((id) => lookOfMaster(universe, id)), ...ofSlaves];
}

/** What a reader needs of a message to follow a trace. */
function wordsOf(message: Message): string {
  const words: string[] = [message.kind];
  if (message.kind === 'vote') words.push(message.answer);
  if (message.kind === 'outcome') words.push(message.outcome);
  if (message.kind === 'welcome') words.push(message.relation);
  if ('round' in message && message.round !== null) words.push(message.round);
  if (message.kind === 'inquire') words.push(message.prepared.round);
  if (message.kind === 'delta' || message.kind === 'snapshot' || message.kind === 'prepare') {
    words.push(`${message.from.version} > ${message.to.version}`);
  } else if ('position' in message) {
    words.push(`at ${pointOf(message.position as null).version}`);
  }
  if ('sequence' in message) words.push(`no. ${message.sequence}`);
  return words.join(' ');
}

const roleOf = (name: string): string =>
  MASTERS.some((master) => master === name) ? 'master' : 'slave';

/** Semicolons and hashes end a statement there. */
const clean = (text: string): string => text.replace(/[;#]/g, ',');

function lineOf(universe: Universe, { label, packet }: Step): string {
  const delivery = /^(\w) -> (\w) /.exec(label);
  const suffix = label.includes(';') ? `, ${label.split('; ')[1]}` : '';
  if (delivery !== null && packet !== null) {
    const [, from, to] = delivery;
    return `${from}->>${to}: ${wordsOf(universe.packets.valueOf(packet).message)}${suffix}`;
  }
  const actor = /^(\w)\b[: ]/.exec(label)?.[1];
  const isProcess = actor !== undefined && [...MASTERS, ...SLAVES].some((name) => name === actor);
  return isProcess ? `${actor}->>${actor}: ${clean(label.slice(2).trim())}` : `m->>m: ${label}`;
}

function changesIn(before: readonly Look[], after: readonly Look[]): readonly string[] {
  return after
    .filter(({ looks }, index) => before[index]?.looks !== looks)
    .map(({ name, looks }) => `Note over ${name}: ${clean(looks)}`);
}

class Chart {
  readonly #universe: Universe;
  readonly #lines: string[];
  readonly #everybody: string;
  #before: readonly Look[] = [];

  constructor(universe: Universe, start: Processes) {
    this.#universe = universe;
    const looks = looksOf(universe, start);
    const names = looks.map(({ name }) => name);
    this.#everybody = `${names[0]},${names.at(-1)}`;
    this.#lines = ['sequenceDiagram', 'autonumber'];
    for (const name of names) {
      this.#lines.push(`participant ${name} as ${roleOf(name)} ${name}`);
    }
    this.#lines.push(...changesIn([], looks));
    this.#before = looks;
  }

  step(label: string, packet: number | null, processes: Processes): void {
    const after = looksOf(this.#universe, processes);
    this.#lines.push(lineOf(this.#universe, { label, packet, after }));
    this.#lines.push(...changesIn(this.#before, after));
    this.#before = after;
  }

  note(text: string): void {
    this.#lines.push(`Note over ${this.#everybody}: ${clean(text)}`);
  }

  get text(): string {
    const [first = '', ...rest] = this.#lines;
    return [first, ...rest.map((line) => `  ${line}`)].join('\n');
  }
}

/** The message whose delivery led from one world to the next. */
function deliveredIn(universe: Universe, before: Reached, after: Reached): number | null {
  const key = universe.keyOf(after.world);
  const edges = universe.edgesOf(before.world);
  const edge = edges.find(
    ({ label, next }) => label === after.label && universe.keyOf(next) === key,
  );
  return edge?.packet ?? null;
}

function chartOf(universe: Universe, trace: readonly Reached[]): Chart {
  const [start, ...steps] = trace as readonly [Reached, ...Reached[]];
  const chart = new Chart(universe, start.world);
  let before = start;
  for (const reached of steps) {
    chart.step(reached.label, deliveredIn(universe, before, reached), reached.world);
    before = reached;
  }
  return chart;
}

/** The shortest way to the violation, and what it broke. */
export function chartOfViolation({ universe, violation }: Exploration): string {
  if (violation === null) return 'no violation';
  const chart = chartOf(universe, violation.trace);
  for (const { promise, how } of violation.broken) chart.note(`${promise} broken: ${how}`);
  return chart.text;
}

function stepFairly(chart: Chart, way: readonly FairReached[], start: FairReached): void {
  let before = start;
  for (const reached of way) {
    const [, from = '', to = ''] = /^(\w) -> (\w) /.exec(reached.label) ?? [];
    const slave = SLAVES.findIndex((name) => name === from || name === to);
    const [packet] = before.state.channels[2 * slave + (to === 'm' ? 1 : 0)] ?? [];
    chart.step(reached.label, packet ?? null, reached.state);
    before = reached;
  }
}

/** The way into a state that never comes to rest, and what it does for ever after. */
export function chartOfWedge({ universe, wayTo }: Exploration, wedge: Wedge): string {
  const chart = chartOf(universe, wayTo(wedge.from));
  const [start, ...way] = wedge.way as readonly [FairReached, ...FairReached[]];
  chart.note('all that is under way is lost. From here on nothing fails any more');
  stepFairly(chart, way, start);
  chart.note('L2 broken: from here on nothing leads to rest. It goes on like this');
  stepFairly(chart, wedge.onwards, way.at(-1) ?? start);
  return chart.text;
}
