/** The changes a master's host makes by itself, of all kinds mixed; each end goes to its log. */
import { ReplicationError } from '../../lib/errors.js';
import type { KeyValueMasterData } from '../../lib/layers/key-value/master.js';
import type { KeyValueOperation } from '../../lib/layers/key-value/options.js';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import type { UpdateOptions } from '../../lib/service/task.js';
import type { NodeLog } from './process-log.js';
import type { HostConfig, Load, Mark } from './process-messages.js';
import { ownKey } from './process-shadow.js';

/** Keys that changes overwrite and delete in turn, beside the one key each has for itself. */
const SHARED_KEYS = 16;
const BURST_MAX = 4;

interface Plan {
  readonly options: UpdateOptions;
  readonly veto: boolean;
  readonly rollback: boolean;
}

/** Of those in two phases some are vetoed, some rolled back; of both kinds some wait for all. */
function plan(random: Random, twoPhaseShare: number): Plan {
  const isTwoPhase = random() < twoPhaseShare;
  const kind = random();
  const ack = random() < 0.2 ? 'applied' : 'decided';
  if (!isTwoPhase) {
    const durability = kind < 0.3 ? 'os' : 'disk';
    return { options: { method: 'one-phase', durability, ack }, veto: false, rollback: false };
  }
  const options: UpdateOptions = { method: 'two-phase', ack };
  return { options, veto: kind < 0.12, rollback: kind > 0.92 };
}

function operationsOf(change: string, random: Random, veto: boolean): KeyValueOperation<Mark>[] {
  const value: Mark = veto ? { change, veto } : { change };
  const shared = `shared:${Math.floor(random() * SHARED_KEYS)}`;
  const isDeleted = random() < 0.3;
  return [
    { op: 'set', key: ownKey(change), value },
    isDeleted ? { op: 'delete', key: shared } : { op: 'set', key: shared, value },
  ];
}

export class LoadMaker {
  readonly #data: KeyValueMasterData<Mark>;
  readonly #log: NodeLog;
  readonly #life: number;
  readonly #node: string;
  readonly #isEarly: boolean;
  #made = 0;
  #end = 0;
  /** Changes that have no answer yet. */
  open = 0;

  constructor(data: KeyValueMasterData<Mark>, log: NodeLog, { id, life, bug }: HostConfig) {
    this.#isEarly = bug === 'early-ack';
    this.#node = id;
    this.#data = data;
    this.#log = log;
    this.#life = life;
  }

  /** Makes the changes and resolves when each has an answer. */
  async run({ seed, changes, inFlight, twoPhaseShare }: Load): Promise<void> {
    const random = seededRandom(seed, 'load');
    this.#end = this.#made + changes;
    const makeOne = () => this.#makeOne(random, plan(random, twoPhaseShare));
    const work = async (): Promise<void> => {
      while (this.#made < this.#end) {
        const burst = Math.min(1 + Math.floor(random() * BURST_MAX), this.#end - this.#made);
        await Promise.all(Array.from({ length: burst }, makeOne));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  }

  /** What is under way still gets its answer. */
  cease(): void {
    this.#end = this.#made;
  }

  async #makeOne(random: Random, { options, veto, rollback }: Plan): Promise<void> {
    this.#made += 1;
    const change = `${this.#node}.${this.#life}.${this.#made}`;
    const operations = operationsOf(change, random, veto);
    this.#log.write({ kind: 'tried', change, method: options.method ?? '' });
    this.open += 1;
    try {
      const task = this.#data.batch(operations, options);
      if (rollback) setImmediate(() => task.rollback('the host changed its mind'));
      if (this.#isEarly) this.#log.writeSynced({ kind: 'acknowledged', change, version: 0 });
      const { version } = await task;
      this.#log.writeSynced({ kind: 'acknowledged', change, version });
    } catch (error) {
      this.#noteFailure(change, error);
    } finally {
      this.open -= 1;
    }
  }

  #noteFailure(change: string, error: unknown): void {
    if (!(error instanceof ReplicationError)) throw error;
    // Told already, wrongly: that is the bug.
    if (this.#isEarly) return;
    const { code } = error;
    if (code === 'OUTCOME_UNKNOWN') return this.#log.writeSynced({ kind: 'unknown', change });
    if (code !== 'ABORTED') return this.#log.writeSynced({ kind: 'refused', change, code });
    const cause = error.cause instanceof ReplicationError ? error.cause.code : 'none';
    this.#log.writeSynced({ kind: 'aborted', change, cause });
  }
}
