/** Carries out each effect of a node's machine; completions go back as events. */
import type { NodeEffects } from '../../machines/node-context.js';
import { ReplicationError } from '../errors.js';
import type { EffectHandlers } from '../service/actor.js';
import type { NodeActor, NodeParts } from './node-parts.js';

async function open(run: NodeParts): Promise<void> {
  run.facts = await run.store.makeCopy();
  run.conflicts = await run.store.conflicts();
  const session = await run.join();
  await run.startSlave();
  await run.keeper.open(session);
  run.actor.send({ type: 'opened' });
}

async function lead(run: NodeParts, { term, fate, round }: NodeEffects['lead']): Promise<void> {
  await run.stopSlave();
  run.facts = await run.store.makeOriginal(fate, round, run.keeper.successions);
  const base = fate === 'committed' ? (round?.to.version ?? 0) : (run.facts.position?.version ?? 0);
  await run.startMaster(term);
  // Before it may change anything (0022).
  const isOnRecord = await run.keeper.begin(base, run.facts.position?.epoch.term ?? 0);
  if (!isOnRecord || !run.keeper.isHeld(term)) {
    throw new ReplicationError('FENCED', 'the lease ran out before this node could lead');
  }
  run.actor.send({ type: 'leading' });
}

async function stepDown(run: NodeParts): Promise<void> {
  await run.stopMaster();
  await run.stopSlave();
  run.facts = await run.store.makeCopy();
  await run.startSlave();
  run.actor.send({ type: 'steppedDown' });
}

/** The leader's own place is what its last word said; without one, where its term began. */
async function setAside(run: NodeParts): Promise<void> {
  const { leader } = run.context;
  const target = run.slave?.status.target;
  const began = run.keeper.successions.at(-1);
  await run.stopSlave();
  const conflict = await run.store.setAside({
    leader: {
      epoch: { term: leader?.term ?? began?.term ?? 0, start: 1 },
      version: target?.version ?? began?.version ?? 0,
    },
  });
  run.conflicts = await run.store.conflicts();
  run.facts = await run.store.makeCopy();
  await run.startSlave();
  run.slave?.resync();
  run.actor.send({ type: 'setAside', conflict });
}

async function close(run: NodeParts): Promise<void> {
  await run.stopMaster();
  await run.stopSlave();
  await run.keeper.close();
}

export function nodeHandlers(run: NodeParts): EffectHandlers<NodeEffects> {
  const send: NodeActor['send'] = (event) => run.actor.send(event);
  const failed = (problem: NodeEffects['report']['problem']) => send({ type: 'failed', problem });
  return {
    open: () => run.inTurn(() => open(run), failed),
    follow: ({ leader }) => run.follow(leader),
    compare: () => {
      void run.board.compare().then((found) => send({ type: 'compared', ...found }));
    },
    acquire: ({ fenceMin }) => {
      const min = Math.max(fenceMin, run.facts.term + 1);
      void run.keeper.acquire(min).then((taken) => {
        if (typeof taken === 'number') send({ type: 'acquired', fence: taken });
        else send({ type: 'notAcquired', reason: taken });
      });
    },
    ask: ({ term }) => {
      void run.board.standings(term).then((answers) => send({ type: 'answered', term, answers }));
    },
    lead: (params) =>
      run.inTurn(
        () => lead(run, params),
        (problem) => send({ type: 'cannotLead', problem }),
      ),
    silence: ({ problem }) => run.silence(problem),
    stepDown: () => run.inTurn(() => stepDown(run), failed),
    release: ({ heir }) => void run.keeper.release(heir),
    askHandOver: ({ leader }) => {
      run.trouble('FENCED', `"${leader.id}" is asked to hand over to "${run.options.id}"`);
      run.board.handOver();
    },
    setAside: () => run.inTurn(() => setAside(run), failed),
    tellRole: () => run.tellRole(),
    close: () =>
      run.inTurn(
        () => close(run),
        ({ code, reason }) => run.trouble(code, reason),
      ),
    report: ({ problem, heuristic }) =>
      run.trouble(problem.code, problem.reason, heuristic ?? false),
    tellConflict: ({ conflict }) => run.emitter.emit('conflict', conflict),
  };
}
