/** The options of a node, with their defaults and units. */
import { ReplicationError } from '../errors.js';
import type { LayerDefinition } from '../layers/contract.js';
import { nameOption, sharedChecks } from '../option-checks.js';
import {
  checkOptions,
  functionOption,
  integerOption,
  numberOption,
  type OptionCheck,
  objectOption,
  required,
} from '../options.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { InspectOption } from '../service/inspection.js';
import type { StoreDefinition } from '../stores/contract.js';
import type { MasterTransport, SlaveTransport } from '../transports/contract.js';
import type { LeaseService } from './lease.js';

/** How nodes reach each other; a fresh transport is made for each reign and each leader. */
export interface NodeTransports {
  /** Where this node, by its id, is listened at while it leads. */
  listen(id: string): MasterTransport;
  /** The way to the node that leads, by its id. */
  connect(leader: string): SlaveTransport;
}

export interface NodeOptions<MasterData, SlaveData> {
  readonly item: string;
  readonly data: LayerDefinition<MasterData, SlaveData>;
  /** Unique among the nodes, the same after a restart. */
  readonly id: string;
  /** The ids of all nodes, this one's too; a majority of them decides. The same on each. */
  readonly members: readonly string[];
  readonly lease: LeaseService;
  readonly transports: NodeTransports;
  /**
   * Without one a node that is restarted comes back empty: what a majority confirmed is lost when
   * a majority is restarted. @default in memory
   */
  readonly store?: StoreDefinition;
  /** Milliseconds between heartbeats of the master. @default a sixth of the lease */
  readonly heartbeat?: number;
  /** Milliseconds until a round that lacks votes is aborted. @default half of the lease */
  readonly voteTimeout?: number;
  /**
   * Milliseconds a change waits for a majority to confirm it, then fails with `OUTCOME_UNKNOWN`.
   * @default two leases
   */
  readonly confirmTimeout?: number;
  /** What happens to changes that the next leader's history lacks. @default 'set-aside' */
  readonly conflicts?: 'set-aside' | 'wait';
  /** As of a master and a slave; each of a node's reigns is a run of its own. */
  readonly inspect?: InspectOption;
  /** Time source, for tests. @default the machine's monotonic clock */
  readonly clock?: Clock;
  /** Where lineages, incarnations and rounds get their ids, for tests. @default nanoid */
  readonly ids?: IdSource;
}

const DELAY_MS_MAX = 2 ** 31 - 1;

const membersOption: OptionCheck = (value) => {
  const wanted = 'the list of the ids of all nodes, each once';
  if (!Array.isArray(value) || value.length === 0) return wanted;
  const isFit = value.every((id) => id !== undefined && nameOption(id) === null);
  return isFit && new Set(value).size === value.length ? null : wanted;
};

const methods =
  (wanted: string, ...names: readonly string[]): OptionCheck =>
  (value) => {
    const object = value as Readonly<Record<string, unknown>> | null | undefined;
    const isFit = names.every((name) => typeof object?.[name] === 'function');
    return isFit ? null : wanted;
  };

/** Twice as long is what a change waits for its majority, and a timer has to hold that. */
const LEASE_MS_MAX = Math.floor(DELAY_MS_MAX / 2);

const serviceOption = methods('a lease service, such as natsLease(connection)', 'join');
const leaseMsOption = numberOption(1, LEASE_MS_MAX);

/** Of a host's own service nobody has looked at the length: every timer of a node comes of it. */
const leaseOption: OptionCheck = (value) => {
  const wrong = serviceOption(value);
  if (wrong !== null) return wrong;
  const { leaseMs } = value as { readonly leaseMs?: unknown };
  const wanted = `a lease service with leaseMs, milliseconds from 1 to ${LEASE_MS_MAX}`;
  return leaseMs !== undefined && leaseMsOption(leaseMs) === null ? null : wanted;
};

const CHECKS = {
  item: sharedChecks.item,
  data: methods('a layer for both sides', 'createMasterLayer', 'createSlaveLayer'),
  id: required(nameOption, 'the id of this node'),
  members: membersOption,
  lease: leaseOption,
  transports: methods('{ listen(id), connect(leader) }', 'listen', 'connect'),
  store: sharedChecks.store,
  heartbeat: integerOption(1, DELAY_MS_MAX),
  voteTimeout: integerOption(1, DELAY_MS_MAX),
  confirmTimeout: integerOption(1, DELAY_MS_MAX),
  conflicts: (value: unknown) =>
    value === undefined || value === 'set-aside' || value === 'wait'
      ? null
      : '"set-aside" or "wait"',
  inspect: sharedChecks.inspect,
  clock: objectOption,
  ids: functionOption,
};

/** @throws {ReplicationError} INVALID_OPTION naming the option */
export function checkNodeOptions(options: NodeOptions<unknown, unknown>): void {
  checkOptions('createNode', options, CHECKS);
  if (options.members.includes(options.id)) return;
  const message = `option "members" of createNode must name this node, "${options.id}", as well`;
  throw new ReplicationError('INVALID_OPTION', message);
}
