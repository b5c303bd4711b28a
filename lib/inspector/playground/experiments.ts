/**
 * Five things to try, each as a person would do it by hand: the page plays them step by step, and
 * the tests hold each to what it says will be seen.
 */
import { ReplicationError } from '../../errors.js';
import type { PlayChange, PlayCluster } from './cluster.js';
import { MASTER } from './play-node.js';

/** What an experiment is played with. */
export interface Stage {
  readonly cluster: PlayCluster;
  /** Says what is done, or what is now to be seen. */
  readonly tell: (text: string) => void;
  /** Milliseconds on the clock of the nodes. */
  readonly pause: (ms: number) => Promise<void>;
  /** Resolves once it holds; rejects with TIMEOUT after `limitMs`. */
  readonly until: (what: string, holds: () => boolean, limitMs?: number) => Promise<void>;
}

export interface Experiment {
  readonly id: string;
  readonly title: string;
  /** What happens and what one will see. */
  readonly summary: string;
  readonly play: (stage: Stage) => Promise<void>;
}

/** Everybody up, connected, quick and willing, on good links. */
async function quiet({ cluster, until, tell }: Stage): Promise<void> {
  cluster.diesDeciding = false;
  cluster.setLinks({ ...cluster.links, lossRatio: 0 });
  for (const { id } of cluster.slaves) {
    cluster.mend(id);
    cluster.veto(id, null);
    cluster.slow(id, 0);
  }
  const dead = cluster.view().filter(({ isUp }) => !isUp);
  await Promise.all(dead.map(({ id }) => cluster.restart(id)));
  tell('All nodes run and agree.');
  await until('all nodes to agree', () => cluster.isInStep);
}

function first({ cluster }: Stage): string {
  const id = cluster.slaves[0]?.id;
  if (id !== undefined) return id;
  throw new ReplicationError('INVALID_OPTION', 'an experiment needs a slave: add one');
}

function toldOf({ state, reason, version }: PlayChange): string {
  return state === 'made' ? `made as version ${version}` : `not made: ${reason}`;
}

const veto: Experiment = {
  id: 'veto',
  title: 'A slave says no',
  summary:
    'One slave refuses a two-phase change. Nobody makes it, not even the slaves that said yes, ' +
    'and the master knows who refused and why.',
  play: async (stage) => {
    const { cluster, tell, until } = stage;
    await quiet(stage);
    const slave = first(stage);
    cluster.veto(slave, 'the disk of this slave is nearly full');
    tell(`${slave} will say no. The master asks all slaves to prepare a change.`);
    const change = await cluster.change('two-phase');
    tell(`The change was ${toldOf(change)}. The version is the old one on every node.`);
    await until('the slaves to let the round go', () => cluster.isInStep);
  },
};

const partition: Experiment = {
  id: 'partition',
  title: 'Partition during prepare',
  summary:
    'A link is cut while its slave is asked to prepare. The vote never comes, the master aborts ' +
    'after its vote time-out, and the slave catches up when the link is mended.',
  play: async (stage) => {
    const { cluster, tell, until } = stage;
    await quiet(stage);
    const slave = first(stage);
    const isAsked = () => cluster.flights.shown.some(({ kind }) => kind === 'prepare');
    const changing = cluster.change('two-phase');
    await until('the master to ask', isAsked);
    cluster.cut(slave);
    tell(`The link to ${slave} was cut while prepare was under way: its vote cannot come.`);
    tell(`The change was ${toldOf(await changing)}.`);
    await cluster.change('one-phase');
    tell('A one-phase change needs no votes: it is made, and only the cut slave stays behind.');
    await until(`${slave} to miss its master`, () => {
      return cluster.view().some(({ id, stage: word }) => id === slave && word === 'stale');
    });
    tell(`${slave} is stale: it has heard nothing for too long. Its copy can still be read.`);
    await stage.pause(1000);
    cluster.mend(slave);
    tell('The link is mended.');
    await until(`${slave} to catch up`, () => cluster.isInStep);
    tell(`${slave} asked for what it lacked and is current again.`);
  },
};

const decision: Experiment = {
  id: 'decision',
  title: 'The master dies between decision and commit',
  summary:
    'All slaves said yes, the decision is on the disk of the master, and it dies before it tells ' +
    'anybody. The slaves are in doubt: they may neither make the change nor drop it. The ' +
    'restarted master finds its decision and everybody makes it.',
  play: async (stage) => {
    const { cluster, tell, until } = stage;
    await quiet(stage);
    cluster.diesDeciding = true;
    // Its caller died with the master: that this never ends is how it is.
    void cluster.change('two-phase');
    await until('the master to decide and die', () => !cluster.master.isUp);
    tell('The master wrote its decision and died before it sent a commit.');
    await until('the slaves to be in doubt', () => {
      return cluster
        .view()
        .every(({ role, stage: word }) => role !== 'slave' || word === 'in-doubt');
    });
    tell('Every slave promised to make the change, and is in doubt whether it was decided.');
    await stage.pause(1500);
    tell('The master starts again on its disk.');
    await cluster.restart(MASTER);
    await until('the slaves to make the change', () => cluster.isInStep);
    tell('It found the decision, told it, and every node made the change. Nothing was lost.');
  },
};

const LOSS_RATIO = 0.3;
const LOSSY_CHANGES = 10;

const lossy: Experiment = {
  id: 'lossy',
  title: 'A lossy link',
  summary:
    'Three of ten messages get lost, and changes go on. Slaves notice what they missed by the ' +
    'next word of the master and ask for it; in the end all copies are equal.',
  play: async (stage) => {
    const { cluster, tell, until, pause } = stage;
    await quiet(stage);
    cluster.setLinks({ ...cluster.links, lossRatio: LOSS_RATIO });
    tell(`From now on ${LOSS_RATIO * 100} % of all messages are lost. Watch the ones that fade.`);
    for (let count = 0; count < LOSSY_CHANGES; count += 1) {
      await cluster.change('one-phase');
      await pause(300);
    }
    tell('Ten changes were made. Slaves ask again for what they miss.');
    await until('all to agree in spite of it', () => cluster.isInStep, 60_000);
    tell('All copies are equal, and the links are as bad as before. Now they are mended.');
    cluster.setLinks({ ...cluster.links, lossRatio: 0 });
  },
};

const SLOW_MS = 1200;

const slow: Experiment = {
  id: 'slow',
  title: 'A slow slave',
  summary:
    'The host of one slave takes more than a second to look at a change. A two-phase change ' +
    'waits for it, since all must agree; a one-phase change does not, the others go ahead.',
  play: async (stage) => {
    const { cluster, tell, until } = stage;
    await quiet(stage);
    const slave = first(stage);
    cluster.slow(slave, SLOW_MS);
    const startMs = cluster.clock.now();
    tell(`${slave} now takes ${SLOW_MS} ms for each change. First a two-phase one.`);
    const change = await cluster.change('two-phase');
    const tookMs = Math.round(cluster.clock.now() - startMs);
    tell(`It was ${toldOf(change)}, after ${tookMs} ms: all waited for the slowest.`);
    await until('all to agree', () => cluster.isInStep);
    await cluster.change('one-phase');
    const isAhead = (id: string) => id !== slave;
    await until('the others to go ahead', () => {
      const top = Math.max(...cluster.view().map(({ version }) => version));
      return cluster.view().every(({ id, version }) => !isAhead(id) || version === top);
    });
    tell(`A one-phase change: the others have it at once, ${slave} follows.`);
    await until(`${slave} to follow`, () => cluster.isInStep);
    cluster.slow(slave, 0);
    tell('All copies are equal.');
  },
};

export const EXPERIMENTS: readonly Experiment[] = [veto, partition, decision, lossy, slow];

const UNTIL_MS = 20_000;
const LOOK_MS = 20;

/** A stage on the clock of the cluster itself: slow motion slows the experiment, too. */
export function makeStage(cluster: PlayCluster, tell: (text: string) => void): Stage {
  const pause = (ms: number) =>
    new Promise<void>((resolve) => void cluster.clock.setTimeout(resolve, ms));
  const until = async (what: string, holds: () => boolean, limitMs = UNTIL_MS): Promise<void> => {
    const endMs = cluster.clock.now() + limitMs;
    while (!holds()) {
      if (cluster.clock.now() > endMs) {
        throw new ReplicationError('TIMEOUT', `waited ${limitMs} ms for ${what}`);
      }
      await pause(LOOK_MS);
    }
  };
  return { cluster, tell, pause, until };
}
