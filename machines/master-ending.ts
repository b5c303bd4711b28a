/** How a busy state ends when the store fails, a later reign shows, or the host stops. */
import type { MasterContext, MasterProblem, Settlement } from './master-context.js';
import { currentGroup, laterReign } from './master-logic.js';

/** What may be said of a group at that moment: nothing of it is anywhere, decided, or neither. */
export type Known = 'nothing' | 'decided' | 'unknown';

const STOPPED: MasterProblem = { code: 'NOT_RUNNING', reason: 'the master was stopped' };

function settlementOf(context: MasterContext, known: Known, problem: MasterProblem): Settlement {
  if (known === 'nothing') return { state: 'failed', problem };
  if (known === 'unknown') return { state: 'unknown', problem };
  return { state: 'committed', version: currentGroup(context).to.version };
}

function settle(context: MasterContext, known: Known, problem: MasterProblem) {
  return { id: currentGroup(context).id, settlement: settlementOf(context, known, problem) };
}

export interface Failing {
  readonly context: MasterContext;
  readonly event: { readonly problem: MasterProblem };
}

export interface Fencing {
  readonly context: MasterContext;
  readonly event: Parameters<typeof laterReign>[0];
}

/** The three endings, so that the caller of the group under way is told the truth in each (P21). */
export function endings(known: Known) {
  return {
    storeFailed: {
      target: '#master.halted',
      actions: [
        {
          type: 'settle' as const,
          params: ({ context, event }: Failing) => settle(context, known, event.problem),
        },
        {
          type: 'noteProblem' as const,
          params: ({ event }: Failing) => ({ problem: event.problem }),
        },
      ],
      description: 'The store failed: only a restart can tell what is on disk (P9).',
    },
    epochSeen: {
      guard: {
        type: 'isHigherEpoch' as const,
        params: ({ event }: Fencing) => ({ epoch: event.epoch }),
      },
      target: '#master.fenced',
      actions: [
        {
          type: 'settle' as const,
          params: ({ context, event }: Fencing) => settle(context, known, laterReign(event)),
        },
        {
          type: 'noteProblem' as const,
          params: ({ event }: Fencing) => ({ problem: laterReign(event) }),
        },
      ],
      description: 'A later reign exists: stop at once (P16, S10, T40).',
    },
    stop: {
      target: '#master.stopped',
      actions: {
        type: 'settle' as const,
        params: ({ context }: Pick<Failing, 'context'>) => settle(context, known, STOPPED),
      },
      description: 'The host stops this master amid a group.',
    },
  };
}
