/** What nodes ask each other, and what this one answers. Nothing here throws. */
import { comparePlaces, type NodeStanding } from '../../machines/succession.js';
import { ReplicationError, reasonOf } from '../errors.js';
import type { AskLimits, LeaseSession } from './lease.js';
import { LeaseTroubles } from './lease-troubles.js';
import type { Board, BoardParts } from './node-parts.js';
import { type Question, readPlace, readQuestion, readStanding } from './standing.js';

/** Null also for what throws when it is looked at: a host's own service need not send JSON. */
function readable<T>(value: unknown, read: (value: unknown) => T | null): T | null {
  try {
    return read(value);
  } catch {
    return null;
  }
}

/** An answer is for who asked it, if it is from a node and whole. */
function known<T extends { readonly node: string }>(
  answers: readonly unknown[],
  read: (value: unknown) => T | null,
  others: readonly string[],
): readonly T[] {
  const byNode = new Map<string, T>();
  for (const answer of answers) {
    const whole = readable(answer, read);
    if (whole !== null && others.includes(whole.node)) byNode.set(whole.node, whole);
  }
  return [...byNode.values()];
}

export class NodeBoard implements Board {
  session: LeaseSession | null = null;
  readonly #run: BoardParts;
  /** Whoever may ask could ask without end. */
  readonly #troubles: LeaseTroubles;

  constructor(run: BoardParts) {
    this.#run = run;
    this.#troubles = new LeaseTroubles(run.clock, ({ code, message }) =>
      run.trouble(code, message),
    );
  }

  get #askMs(): number {
    return Math.max(1, Math.round(this.#run.options.lease.leaseMs / 3));
  }

  async compare(): Promise<{ readonly answered: number; readonly isBehind: boolean }> {
    const answers = await this.#ask({ kind: 'compare' });
    const places = known(answers, readPlace, this.#run.others);
    const isBehind = places.some(({ position }) => comparePlaces(position, this.#run.position) > 0);
    return { answered: places.length + 1, isBehind };
  }

  /** This node's own standing, and that of every other one that answers. */
  async standings(term: number): Promise<readonly NodeStanding[]> {
    const { id } = this.#run.options;
    const question = { kind: 'ask', term, candidate: id, lineage: this.#lineage() } as const;
    const own = await this.#standing(question);
    const answers = await this.#ask({ ...question, lineage: own?.lineage ?? question.lineage });
    const others = known(answers, readStanding, this.#run.others);
    return own === null ? others : [own, ...others];
  }

  tell(question: Question): void {
    void this.#ask(question);
  }

  handOver(): void {
    this.tell({ kind: 'handOver', to: this.#run.options.id });
  }

  async answer(value: unknown): Promise<unknown> {
    // It can promise nothing any more: counted as there, it would let others take a lease in vain.
    if (this.#run.actor.snapshot.matches('failed')) return null;
    const question = readable(value, readQuestion);
    try {
      if (question === null) {
        const message = 'a question on the board of the lease was not understood: see who may ask';
        this.#troubles.happened('question', new ReplicationError('PROTOCOL', message));
        return null;
      }
      if (question.kind === 'compare') {
        return { node: this.#run.options.id, position: this.#run.position };
      }
      if (question.kind === 'ask') return await this.#promise(question);
      this.#obey(question);
    } catch (error) {
      const message = `a question of another node was not answered: ${reasonOf(error)}`;
      this.#troubles.happened('answer', new ReplicationError('TIMEOUT', message));
    }
    return null;
  }

  #obey(question: Extract<Question, { kind: 'handOver' | 'resolve' }>): void {
    const { actor } = this.#run;
    if (question.kind === 'handOver') actor.send({ type: 'handOver', to: question.to });
    else actor.send({ type: 'resolve', forced: question });
  }

  /** Only a copy can promise: a leader of a lower term becomes one first. */
  async #promise(question: Extract<Question, { kind: 'ask' }>): Promise<NodeStanding | null> {
    const { actor, waits, options } = this.#run;
    const { term, candidate } = question;
    if (!options.members.includes(candidate)) return null;
    actor.send({ type: 'asked', term, candidate });
    const { fence } = actor.snapshot.context;
    if (actor.snapshot.hasTag('leading') && fence >= term) return this.#outranking(fence);
    await waits.until(
      () => (actor.snapshot.hasTag('answering') && this.#run.slave !== null ? true : undefined),
      () => 'it is changing its role',
      { timeout: this.#askMs },
    );
    return this.#standing(question);
  }

  #outranking(term: number): NodeStanding {
    const { options, facts } = this.#run;
    const { reigned } = facts;
    const nothing = { candidate: null, lineage: null, position: null, held: null };
    return { node: options.id, term, ...nothing, reigned };
  }

  async #standing(question: Extract<Question, { kind: 'ask' }>): Promise<NodeStanding | null> {
    const { slave, options, facts } = this.#run;
    if (slave === null) return null;
    const { term, candidate, lineage } = question;
    try {
      const standing = await slave.fence({ term, candidate, lineage }, { timeout: this.#askMs });
      const { prepared, position } = standing;
      const isDecided = prepared !== null && prepared.round === facts.decided;
      const held = prepared && {
        round: prepared.round,
        from: prepared.from,
        to: prepared.to,
        epoch: prepared.epoch,
        incarnation: prepared.incarnation,
        sequence: prepared.sequence,
        ...(prepared.participants === undefined ? {} : { participants: prepared.participants }),
        ...(isDecided ? { isDecided } : {}),
      };
      return {
        node: options.id,
        term: standing.term,
        candidate: standing.candidate,
        lineage: standing.lineage,
        position,
        held,
        reigned: facts.reigned,
      };
    } catch (error) {
      this.#troubles.happened('standing', new ReplicationError('TIMEOUT', reasonOf(error)));
      return null;
    }
  }

  #lineage(): string | null {
    return this.#run.position?.lineage ?? null;
  }

  async #ask(question: Question): Promise<readonly unknown[]> {
    const { others, othersNeeded, options } = this.#run;
    const limits: AskLimits = {
      timeoutMs: this.#askMs,
      all: others.length,
      most: othersNeeded,
      graceMs: Math.max(1, Math.round(options.lease.leaseMs / 10)),
    };
    return (await this.session?.ask(question, limits)) ?? [];
  }
}
