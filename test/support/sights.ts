/** Sights of masters and slaves for tables: what a feed would hold, with every part to be set. */
import type { NodeSight } from '../../lib/inspector/rows/sights.js';
import type { SlaveReport } from '../../lib/service/inspection.js';
import type {
  BelowStatus,
  MasterStatus,
  SlaveInfo,
  SlaveStatus,
} from '../../lib/service/status.js';
import type { Position } from '../../machines/protocol.js';

/** The moment of every table in the tests. */
export const NOW_MS = 1_700_000_000_000;

export const at = (version: number, part: Partial<Position> = {}): Position => ({
  version,
  digest: `digest-of-${version}`,
  lineage: 'lineage',
  epoch: { term: 0, start: 1 },
  ...part,
});

interface Common {
  readonly item?: string;
  readonly incarnation?: string;
  /** Milliseconds since its last report. */
  readonly silentMs?: number;
  readonly ended?: boolean;
  /** When this run began, in milliseconds before now. */
  readonly begunMs?: number;
}

function sight(role: 'master' | 'slave', id: string, part: Common): Omit<NodeSight, 'report'> {
  const { item = 'settings', incarnation = `${id}-1`, begunMs = 60_000, ended = false } = part;
  const node = `${role} ${id} ${item} ${incarnation}`;
  const process = { pid: 1, host: 'host' };
  const entry = { kind: 'node', at: NOW_MS - begunMs, node, role, item, id, incarnation } as const;
  return { entry: { ...entry, process }, ended };
}

export interface MasterPart extends Common {
  readonly status?: Partial<MasterStatus>;
  readonly slaves?: readonly SlaveInfo[];
  readonly below?: BelowStatus;
}

export function masterSight(id: string, part: MasterPart = {}): NodeSight {
  const { status = {}, slaves = [], below, silentMs = 0 } = part;
  const base = sight('master', id, part);
  const whole: MasterStatus = {
    state: 'serving',
    position: at(4711),
    round: null,
    queued: 0,
    problem: null,
    ...status,
  };
  const tree = below === undefined ? {} : { below };
  const report = { role: 'master', status: whole, slaves, ...tree } as const;
  return {
    ...base,
    report: { kind: 'report', at: NOW_MS - silentMs, node: base.entry.node, report },
  };
}

/** As the master lists it: current unless said otherwise. */
export function infoOf(id: string, part: Partial<SlaveInfo> = {}): SlaveInfo {
  return {
    id,
    link: 'live',
    version: 4711,
    lag: 0,
    stage: 'current',
    age: 300,
    incarnation: `${id}-1`,
    peer: 'peer',
    problem: null,
    ...part,
  };
}

export interface SlavePart extends Common, Partial<Omit<SlaveReport, 'role' | 'status'>> {
  readonly status?: Partial<SlaveStatus>;
}

export function slaveSight(id: string, part: SlavePart = {}): NodeSight {
  const { status = {}, position = at(4711), age = 400, transfer = null, silentMs = 0 } = part;
  const { slaves } = part;
  const base = sight('slave', id, part);
  const whole: SlaveStatus = {
    link: 'live',
    data: 'current',
    round: 'none',
    roundId: null,
    inDoubtFor: 0,
    problem: null,
    target: { version: 4711, digest: 'digest-of-4711' },
    summary: 'current',
    ...status,
  };
  const listed = slaves === undefined ? {} : { slaves };
  const own = { role: 'slave', status: whole, position, age, transfer } as const;
  const report = { ...own, ...listed };
  return {
    ...base,
    report: { kind: 'report', at: NOW_MS - silentMs, node: base.entry.node, report },
  };
}
