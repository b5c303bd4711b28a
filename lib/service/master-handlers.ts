/** Carries out each effect of the master's machine; completions go back as events. */
import type { AbortReason, MasterEffects, Settlement } from '../../machines/master-context.js';
import { voteBy } from '../../machines/tally.js';
import type { EffectHandlers } from './actor.js';
import type { MasterParts } from './master-parts.js';

/** Why nobody waits for the vote of this one any more, which did not give it. */
function noteUnanswered(run: MasterParts, id: string, { code, left }: AbortReason): void {
  const progress = run.queue.open?.progress;
  if (code === 'TIMEOUT') progress?.set(id, 'lost', 'no vote in time');
  else if (left === id) progress?.set(id, 'lost', 'it left before it voted');
  else progress?.set(id, 'aborted', 'not waited for any more');
}

/** Notes on each participant how far it came, and who let the deadline pass (P14). */
function noteVotes(run: MasterParts, settlement: Extract<Settlement, { state: 'aborted' }>): void {
  const { votes, reason } = settlement;
  const open = run.queue.open;
  for (const id of Object.keys(open?.progress.slaves ?? {})) {
    const vote = voteBy(votes, id);
    if (vote?.answer === 'no') open?.progress.set(id, 'vetoed', vote.reason ?? 'no');
    else if (vote?.answer === 'yes') open?.progress.set(id, 'aborted');
    else noteUnanswered(run, id, reason);
    const slave = run.roster.get(id);
    if (slave === undefined) continue;
    const isLate = reason.code === 'TIMEOUT' && vote === undefined;
    slave.failures = isLate ? slave.failures + 1 : slave.failures;
  }
}

export function masterHandlers(run: MasterParts): EffectHandlers<MasterEffects> {
  const { clock } = run.settings;
  const send: MasterParts['actor']['send'] = (event) => run.actor.send(event);
  return {
    recover: () => {
      if (run.recovered !== null) send({ type: 'recovered', found: run.recovered });
    },
    persistReign: ({ reserved }) => {
      const { lineage, reigns } = run.context;
      run.storage.saveReign(lineage, reigns, reserved, () => send({ type: 'reignPersisted' }));
    },
    reserve: ({ upTo }) => run.storage.saveReserved(upTo, () => send({ type: 'reserved', upTo })),
    multicast: ({ sends }) => {
      let isHeartbeat = false;
      for (const { message, only, except } of sends) {
        isHeartbeat ||= message.kind === 'announce' && message.reply;
        const peers = run.sessions.peersOf(only, except);
        if (peers.length > 0) run.outbox.multicast(peers, run.outbox.stamp(message));
      }
      if (isHeartbeat) run.sweep();
    },
    reply: ({ slave, message }) => {
      const session = run.roster.get(slave)?.session;
      if (session !== undefined && session !== null) run.outbox.send(session.peer, message);
    },
    commitOriginal: ({ group, next, decided }) =>
      run.original.commit(
        group,
        next,
        decided,
        () => send({ type: 'originalCommitted', id: group.id }),
        (problem) =>
          send(
            // A failed store ends the run (fail-stop); any other failure is the user layer's own.
            run.storage.hasFailed
              ? { type: 'storeFailed', problem }
              : { type: 'originalFailed', id: group.id, problem },
          ),
      ),
    persistDecision: ({ group }) =>
      run.storage.saveDecision(group, () => {
        run.changes?.decided(group.id);
        send({ type: 'decisionPersisted', round: group.id });
      }),
    forgetDecisions: ({ rounds }) => run.storage.forgetDecisions(rounds),
    // Two turns: what the first one reads from the sockets is handled before the second (P12).
    pollNetwork: () =>
      clock.setImmediate(() =>
        clock.setImmediate(() => {
          run.votes.flush();
          send({ type: 'polled' });
        }),
      ),
    rollbackOriginal: ({ group, reason }) =>
      run.original.rollback(
        group,
        reason,
        () => send({ type: 'originalRolledBack', round: group.id }),
        (why) => run.trouble('ABORTED', why),
      ),
    settle: ({ id, settlement }) => {
      if (settlement.state === 'aborted') noteVotes(run, settlement);
      const { open } = run.queue;
      run.queue.settle(id, settlement);
      if (open?.group.id === id) run.changes?.settled(open, settlement);
    },
    confirmed: () => run.waits.check(),
    report: ({ problem }) => run.trouble(problem.code, problem.reason),
  };
}
