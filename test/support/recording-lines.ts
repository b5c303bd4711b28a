/**
 * Lines as a collector writes them, of runs that never were: for tests of what reads recordings,
 * at any size. The same options give the same lines.
 */
import { readChart } from '../../lib/inspector/chart/read-chart.js';
import type { ChangeEntry, Entry, MessageEntry, StateValue } from '../../lib/inspector/entries.js';
import { writeLine } from '../../lib/inspector/json.js';
import type { NodeReport } from '../../lib/service/inspection.js';
import type { SlaveProgress } from '../../lib/service/task.js';
import { masterMachine, sessionMachine, slaveMachine } from '../../machines/index.js';
import type { MessageKind, Position } from '../../machines/protocol.js';

export interface LinesOptions {
  readonly changes: number;
  readonly slaves: number;
  /** @default 1 */
  readonly seed?: number;
  /** Share of messages to slaves that never arrive. @default 0.02 */
  readonly loss?: number;
  /** Share of rounds that a slave vetoes. @default 0.05 */
  readonly vetoes?: number;
}

const STARTED_AT = 1_760_000_000_000;
const ITEM = 'settings';
const LINEAGE = 'lineage-of-generated-lines';
const EPOCH = { term: 1, start: 1 };

/** Small, fast and the same everywhere (mulberry32). */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const positionOf = (version: number): Position => ({
  lineage: LINEAGE,
  epoch: EPOCH,
  version,
  digest: `digest${version.toString(16).padStart(20, '0')}`,
});

class Run {
  readonly #options: Required<LinesOptions>;
  readonly #random: () => number;
  readonly #slaves: string[];
  readonly #versions = new Map<string, number>();
  #at = STARTED_AT;
  #version = 0;
  #sequence = 0;
  #out: Entry[] = [];

  constructor(options: LinesOptions) {
    this.#options = { seed: 1, loss: 0.02, vetoes: 0.05, ...options };
    this.#random = makeRandom(this.#options.seed);
    this.#slaves = Array.from({ length: options.slaves }, (_, index) => `slave-${index + 1}`);
  }

  *entries(): Entries {
    this.#begin();
    yield* this.#flush();
    for (let change = 1; change <= this.#options.changes; change += 1) {
      if (change % 4 === 0) this.#announce(change);
      else this.#round(change);
      this.#at += 40 + this.#random() * 60;
      if (change % 10 === 0) this.#reports();
      yield* this.#flush();
    }
  }

  *#flush(): Entries {
    yield* this.#out;
    this.#out = [];
  }

  #tick(): number {
    this.#at = Math.round((this.#at + 0.02 + this.#random() * 0.4) * 1000) / 1000;
    return this.#at;
  }

  #begin(): void {
    const machines = { master: masterMachine, session: sessionMachine, slave: slaveMachine };
    for (const [machine, definition] of Object.entries(machines)) {
      this.#out.push({ kind: 'machine', at: this.#at, machine, chart: readChart(definition) });
    }
    this.#node('master', 'master-1');
    this.#actor('master', 'master-1', { serving: { round: 'idle', heartbeat: 'quiet' } });
    for (const slave of this.#slaves) {
      this.#node('slave', slave);
      this.#actor('slave', slave, { running: { link: 'live', work: 'idle' } });
      this.#out.push({
        kind: 'actor',
        at: this.#tick(),
        node: 'master-1',
        actor: `session-${slave}`,
        name: `session of ${slave}`,
        machine: 'session',
        parent: null,
        value: 'joining',
        context: { id: slave, position: null },
      });
      const hello = { kind: 'hello', hello: `h-${slave}`, position: null, firm: null };
      this.#message(slave, 'hello', hello, ['master-1']);
    }
    this.#reports();
  }

  #node(role: 'master' | 'slave', id: string): void {
    const process = { pid: 4000, host: 'generated' };
    const incarnation = `run-of-${id}`;
    this.#out.push({
      kind: 'node',
      at: this.#tick(),
      node: id,
      role,
      item: ITEM,
      id,
      incarnation,
      process,
    });
  }

  #actor(machine: string, node: string, value: StateValue): void {
    this.#out.push({
      kind: 'actor',
      at: this.#tick(),
      node,
      actor: `actor-${node}`,
      name: machine,
      machine,
      parent: null,
      value,
      context: { facts: { position: null, firm: null }, round: null, item: ITEM },
    });
  }

  #step(actor: string, type: string, value: StateValue, changed: Record<string, unknown>): void {
    const event = { type, now: this.#at, round: null, sequence: this.#sequence };
    const taken = [`serving.round/${type}/0`];
    this.#out.push({ kind: 'step', at: this.#tick(), actor, event, taken, value, changed });
  }

  /** Sent by one, received by each other end that it is not lost for. */
  #message(from: string, name: MessageKind, message: object, to: readonly string[]): string[] {
    const envelope = {
      protocol: 2,
      item: ITEM,
      lineage: LINEAGE,
      epoch: EPOCH,
      incarnation: `run-of-${from}`,
      sender: from,
    };
    const whole = { ...message, envelope };
    const peers = to.map((id) => (id === 'master-1' ? 'master' : `10.0.0.1:${id}`));
    const entry: MessageEntry = {
      kind: 'message',
      at: this.#tick(),
      node: from,
      fate: 'sent',
      peers,
      name,
      message: whole,
      bytes: 200,
    };
    this.#out.push(entry);
    const arrived: string[] = [];
    for (const id of to) {
      if (name !== 'hello' && this.#random() < this.#options.loss) continue;
      const peer = id === 'master-1' ? `10.0.0.1:${from}` : 'master';
      this.#out.push({ ...entry, at: this.#tick(), node: id, fate: 'received', peers: [peer] });
      arrived.push(id);
    }
    return arrived;
  }

  #stamp() {
    this.#sequence += 1;
    const position = positionOf(this.#version);
    return { sequence: this.#sequence, position, firm: position, openRound: null };
  }

  #announce(change: number): void {
    const id = `change-${change}`;
    this.#change(id, 'one-phase', 'begun', {}, this.#version + 1);
    this.#version += 1;
    this.#change(id, 'one-phase', 'decided', {}, this.#version);
    const message = { kind: 'announce', ...this.#stamp(), links: [], reply: true };
    const arrived = this.#message('master-1', 'announce', message, this.#slaves);
    for (const slave of arrived) this.#apply(slave, null);
    this.#change(id, 'one-phase', 'applied', {}, this.#version);
  }

  #apply(slave: string, round: string | null): void {
    const position = positionOf(this.#version);
    this.#versions.set(slave, this.#version);
    this.#step(
      `actor-${slave}`,
      'delta',
      { running: { link: 'live', work: 'idle' } },
      {
        'facts.position': position,
        round: undefined,
      },
    );
    const ack = { kind: 'ack', position, durability: 'disk', round, problem: null };
    this.#message(slave, 'ack', ack, ['master-1']);
    this.#step(`session-${slave}`, 'ack', 'current', { position });
  }

  #round(change: number): void {
    const id = `round-${change}`;
    const to = this.#version + 1;
    const all = (stage: SlaveProgress['stage']): Record<string, SlaveProgress> =>
      Object.fromEntries(this.#slaves.map((slave) => [slave, { stage }]));
    this.#change(id, 'two-phase', 'begun', all('sent'), to);
    this.#step(
      'actor-master-1',
      'propose',
      { serving: { round: 'preparing', heartbeat: 'quiet' } },
      {
        round: { id, to },
      },
    );
    const prepare = { kind: 'prepare', round: id, ...this.#stamp(), links: [], participants: [] };
    const arrived = this.#message('master-1', 'prepare', prepare, this.#slaves);
    const isVetoed = this.#random() < this.#options.vetoes;
    for (const [index, slave] of arrived.entries()) this.#vote(slave, id, isVetoed && index === 0);
    if (isVetoed) this.#abort(id, to, { ...all('aborted'), [arrived[0] ?? '']: VETO });
    else this.#commit(id, to, all);
  }

  #vote(slave: string, round: string, isNo: boolean): void {
    this.#step(
      `actor-${slave}`,
      'prepare',
      { running: { link: 'live', work: 'prepared' } },
      { round },
    );
    const position = positionOf(this.#version);
    const [answer, reason] = isNo ? ['no', VETO.reason] : ['yes', null];
    const vote = { kind: 'vote', round, answer, reason, code: null, position, needsSync: false };
    this.#message(slave, 'vote', vote, ['master-1']);
  }

  #abort(id: string, to: number, slaves: Record<string, SlaveProgress>): void {
    const problem = { code: 'VETOED', reason: VETO.reason };
    this.#change(id, 'two-phase', 'aborted', slaves, to, problem);
    const abort = { kind: 'abort', round: id, reason: VETO.reason, ...this.#stamp() };
    this.#message('master-1', 'abort', abort, this.#slaves);
    this.#step(
      'actor-master-1',
      'vote',
      { serving: { round: 'idle', heartbeat: 'quiet' } },
      {
        round: undefined,
      },
    );
  }

  #commit(
    id: string,
    to: number,
    all: (stage: SlaveProgress['stage']) => Record<string, SlaveProgress>,
  ): void {
    this.#change(id, 'two-phase', 'decided', all('prepared'), to);
    this.#version = to;
    const position = positionOf(to);
    this.#change(id, 'two-phase', 'committed', all('prepared'), to);
    this.#step(
      'actor-master-1',
      'votes',
      { serving: { round: 'idle', heartbeat: 'quiet' } },
      {
        'facts.position': position,
        round: undefined,
      },
    );
    const commit = { kind: 'commit', round: id, to: position, ...this.#stamp() };
    const arrived = this.#message('master-1', 'commit', commit, this.#slaves);
    for (const slave of arrived) this.#apply(slave, id);
    this.#change(id, 'two-phase', 'applied', all('applied'), to);
  }

  #change(
    change: string,
    method: ChangeEntry['method'],
    stage: ChangeEntry['stage'],
    slaves: Record<string, SlaveProgress>,
    to: number,
    problem: ChangeEntry['problem'] = null,
  ): void {
    this.#out.push({
      kind: 'change',
      at: this.#tick(),
      node: 'master-1',
      change,
      method,
      stage,
      to: positionOf(to),
      updates: 1,
      bytes: 180,
      slaves,
      problem,
    });
  }

  #reports(): void {
    this.#report('master-1', {
      role: 'master',
      status: {
        state: 'serving',
        position: positionOf(this.#version),
        round: null,
        queued: 0,
        problem: null,
      },
      slaves: this.#slaves.map((id) => this.#infoOf(id)),
    });
    for (const slave of this.#slaves) this.#report(slave, this.#slaveReport(slave));
  }

  #infoOf(id: string) {
    const version = this.#versions.get(id) ?? 0;
    return {
      id,
      link: 'live' as const,
      version,
      lag: this.#version - version,
      stage: version === this.#version ? 'current' : 'behind',
      age: 20,
      incarnation: `run-of-${id}`,
      peer: `10.0.0.1:${id}`,
      problem: null,
    };
  }

  #slaveReport(slave: string): NodeReport {
    const version = this.#versions.get(slave) ?? 0;
    const isCurrent = version === this.#version;
    return {
      role: 'slave',
      status: {
        link: 'live',
        data: isCurrent ? 'current' : 'behind',
        round: 'none',
        roundId: null,
        inDoubtFor: 0,
        problem: null,
        target: positionOf(this.#version),
        summary: isCurrent ? 'current' : 'behind',
      },
      position: version === 0 ? null : positionOf(version),
      age: 20,
      transfer: null,
    };
  }

  #report(node: string, report: NodeReport): void {
    this.#out.push({ kind: 'report', at: this.#tick(), node, report });
  }
}

type Entries = Generator<Entry, void, undefined>;

const VETO = { stage: 'vetoed', reason: 'the new route has no upstream' } as const;

/** The entries alone, without a header. */
export const recordingEntries = (options: LinesOptions): Entries => new Run(options).entries();

/** Each line with its line end. */
export function* recordingLines(options: LinesOptions): Generator<string> {
  const header = { format: 1, package: 'generated', payloads: false } as const;
  yield `${writeLine({ kind: 'replichart-recording', at: STARTED_AT, ...header })}\n`;
  for (const entry of recordingEntries(options)) yield `${writeLine(entry)}\n`;
}
