/** Carries out each effect of the relay's machine. */
import type { Message } from '../../machines/protocol.js';
import type { Passing, RelayEffects, RelayRefusal } from '../../machines/relay-context.js';
import { ReplicationError, Veto } from '../errors.js';
import type { EffectHandlers } from '../service/actor.js';
import { acknowledgement } from '../service/slave-handlers.js';
import { type RelayParts, stampOf } from './relay-parts.js';

/** The master's word with the master's newest stamp; null when there is nothing to say any more. */
function messageOf(run: RelayParts, passing: Passing): Message | null {
  const stamp = stampOf(run.slave.facts);
  if (passing.kind === 'commit') {
    return { kind: 'commit', ...stamp, round: passing.round, to: passing.to };
  }
  if (passing.kind === 'abort') {
    return { kind: 'abort', ...stamp, round: passing.round, reason: passing.reason };
  }
  const { question } = run.rounds;
  // A stamp that does not name the round as open would say that it is over (P10).
  if (question?.round !== passing.round || stamp.openRound !== passing.round) return null;
  const { round, from, to, payload } = question;
  const participants = run.context.round?.participants ?? [];
  return { kind: 'prepare', ...stamp, round, from, to, participants, links: [], payload };
}

/** What the relay's own user layer says to the prepare, in the words of those below. */
function errorOf({ code, reason }: RelayRefusal): Error {
  return code === 'VETOED' ? new Veto(reason) : new ReplicationError(code, reason);
}

export function relayHandlers(run: RelayParts): EffectHandlers<RelayEffects> {
  const { clock } = run.settings;
  return {
    pass: ({ passings }) => {
      for (const passing of passings) {
        const message = messageOf(run, passing);
        if (message === null || passing.only.length === 0) continue;
        run.outbox.multicast(run.sessions.peersOf(passing.only), message);
      }
    },
    answerYes: ({ round }) => {
      if (run.rounds.question?.round === round) run.rounds.question.resolve();
    },
    answerNo: ({ round, refusal }) => {
      if (run.rounds.question?.round === round) run.rounds.question.reject(errorOf(refusal));
    },
    // Two turns: what the first one reads from the sockets is handled before the second (P12).
    pollNetwork: () =>
      clock.setImmediate(() =>
        clock.setImmediate(() => {
          run.votes.flush();
          run.actor.send({ type: 'polled' });
        }),
      ),
    reply: ({ slaves, message }) => {
      for (const slave of slaves) {
        const session = run.roster.get(slave)?.session ?? null;
        if (session !== null) run.outbox.send(session.peer, message);
      }
    },
    inquireUp: ({ prepared }) => {
      const { peer, outbox } = run.slave;
      if (peer !== null) outbox.send(peer, { kind: 'inquire', prepared });
    },
    subtreeSettled: () => {
      const { peer, outbox } = run.slave;
      if (peer !== null) outbox.send(peer, acknowledgement(run.slave, null));
    },
  };
}
