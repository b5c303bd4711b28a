/** Carries out each effect of the slave's machine; completions go back as events. */
import { pointOf } from '../../machines/position.js';
import type { AckMessage, Message } from '../../machines/protocol.js';
import type { Problem, SlaveEffects } from '../../machines/slave-context.js';
import { firmWithin } from '../../machines/slave-logic.js';
import { ReplicationError } from '../errors.js';
import { serviceLimits } from '../limits.js';
import type { EffectHandlers } from './actor.js';
import { hubOf } from './hub.js';
import type { SlaveParts } from './slave-parts.js';

/** A failure of this slave's store ends the run (fail-stop); any other is the user layer's own. */
function isStoreFailure(run: SlaveParts, problem: Problem | null): problem is Problem {
  return problem !== null && run.storage.hasFailed;
}

function storeError({ reason }: Problem): ReplicationError {
  return new ReplicationError('STORE_FAILED', reason);
}

function transmit(run: SlaveParts, message: Message): void {
  if (run.peer !== null) run.outbox.send(run.peer, message);
}

/** Where the copy stands, at which level, and whether it is stuck (P10, P19). */
export function acknowledgement(run: SlaveParts, round: string | null): AckMessage {
  const { position, problem } = run.facts;
  const { tap } = run.settings;
  const isStuck = run.actor.snapshot.matches({ serving: { copy: 'quarantined' } });
  return {
    kind: 'ack',
    position: tap === undefined ? position : tap.ackPosition(position),
    durability: run.reached,
    round,
    problem: isStuck ? (problem?.reason ?? 'quarantined') : null,
  };
}

/** Several confirmations of one-phase changes within a moment become one message. */
class Acknowledger {
  readonly #run: SlaveParts;
  #isScheduled = false;

  constructor(run: SlaveParts) {
    this.#run = run;
  }

  say(round: string | null): void {
    if (round !== null) {
      if (this.#run.settings.tap?.acknowledges(round) ?? true) this.#send(round);
      return;
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#run.later(serviceLimits.acknowledgeMs, () => {
      if (this.#isScheduled) this.#send(null);
    });
  }

  #send(round: string | null): void {
    this.#isScheduled = false;
    transmit(this.#run, acknowledgement(this.#run, round));
  }
}

/** Gives increments to the user layer and tells the machine how far that came (P4). */
function commitCopy(run: SlaveParts, params: SlaveEffects['commitCopy']): void {
  run.copy.commit(params, ({ position, durability, problem }) => {
    if (position !== null) run.reached = durability;
    if (isStoreFailure(run, problem)) return run.storeFailed(storeError(problem));
    const moved = position && { position, firm: firmWithin(params.firm, position) };
    if (problem !== null) return run.actor.send({ type: 'commitFailed', problem, moved });
    if (moved === null || position === null) return;
    run.actor.send({ type: 'committed', ...moved, round: params.round });
    run.emitter.emit('position', position);
  });
}

/** Streams a whole state into the user layer; a copy it takes away is told as a reset (S7). */
function installCopy(run: SlaveParts, params: SlaveEffects['installCopy']): void {
  const from = run.facts.position;
  const chunks = run.receiver.chunks(params.build);
  run.copy.install(params, chunks, (problem) => {
    run.receiver.ended(chunks);
    if (problem !== null) {
      if (isStoreFailure(run, problem)) return run.storeFailed(storeError(problem));
      // The next state may be under way already, and this would be taken for the failure of that.
      if (run.receiver.wasLost(chunks)) return;
      return run.actor.send({ type: 'installFailed', problem });
    }
    const { to, firm, reset, volatile } = params;
    run.reached = run.storage.isDurable ? 'disk' : 'memory';
    run.actor.send({ type: 'installed', position: to, firm, volatile });
    if (reset && from !== null) run.emitter.emit('reset', { from, to });
    run.emitter.emit('position', to);
  });
}

export function slaveHandlers(run: SlaveParts): EffectHandlers<SlaveEffects> {
  const send: SlaveParts['actor']['send'] = (event) => run.actor.send(event);
  const acknowledger = new Acknowledger(run);
  return {
    recover: () => {
      send({ type: 'recovered', found: run.storage.read(run.copy.layer.position()) });
    },
    transmit: ({ message }) => transmit(run, message),
    acknowledge: ({ round }) => acknowledger.say(round),
    request: ({ round, rebase, jitterMs }) => {
      const wish = () => {
        const { position, firm } = run.facts;
        if (!rebase) return { position, firm, round };
        // It asks as if it were empty; nobody shall send it back behind where it stood (S7).
        return { position: null, firm: position && pointOf(position), round };
      };
      const isFirst = run.requestsMade === 0;
      run.requestsMade += 1;
      const number = run.requestsMade;
      if (isFirst || jitterMs === 0) return run.receiver.request(wish());
      run.later(run.random() * jitterMs, () => {
        // A later one asks for the same: both timers due at once would be two answers.
        if (run.requestsMade !== number) return;
        // By now an announcement may have closed the gap: then nobody waits for an answer.
        const copy = run.actor.snapshot.matches({ serving: { copy: 'syncing' } });
        if (copy) run.receiver.request(wish());
      });
    },
    persistReign: (reign) => {
      run.requestsMade = 0;
      const { incarnation } = reign;
      run.storage.saveReign(reign, () => send({ type: 'reignPersisted', incarnation }));
    },
    persistFence: ({ term, candidate, ...rest }) => {
      const reign = { ...rest, epoch: { term, start: 0 }, incarnation: candidate };
      run.storage.saveReign(reign, run.fencing());
    },
    askUser: ({ offer, next }) =>
      run.copy.prepare(
        offer,
        next,
        () => send({ type: 'canPrepare', round: offer.round }),
        (problem) => send({ type: 'cannotPrepare', round: offer.round, problem }),
      ),
    persistPromise: ({ offer }) =>
      run.storage.savePromise(offer, () => send({ type: 'promised', round: offer.round })),
    commitCopy: (params) => commitCopy(run, params),
    installCopy: (params) => installCopy(run, params),
    hangUp: () => {
      const { transport, item } = run.settings;
      if (run.peer !== null) hubOf(transport).giveUp(item, run.peer);
    },
    cancelTransfer: () => run.receiver.cancel('the copy does not need it any more'),
    dropRound: ({ round, superseded }) => {
      run.settings.tap?.roundDropped(round, superseded);
      run.copy.abort(
        round,
        () => run.storage.dropPromise(() => send({ type: 'roundDropped', round })),
        (reason) => run.trouble('ABORTED', reason),
      );
    },
    report: ({ problem, heuristic }) =>
      run.trouble(problem.code, problem.reason, heuristic ?? false),
  };
}
