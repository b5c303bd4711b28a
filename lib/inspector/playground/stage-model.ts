/** The running playground as signals: what its views show, and what its buttons do. */
import { batch, computed, signal } from '@preact/signals';
import { reasonOf } from '../../errors.js';
import { systemClock } from '../../runtime/clock.js';
import { type NodeView, type PlayChange, PlayCluster } from './cluster.js';
import { EXPERIMENTS, makeStage } from './experiments.js';

const TOLD_MAX = 12;

export const nodeViews = signal<readonly NodeView[]>([]);
export const changes = signal<readonly PlayChange[]>([]);
/** The experiment that plays now; null: none. */
export const playing = signal<string | null>(null);
/** What the last experiment told, oldest first. */
export const told = signal<readonly string[]>([]);
/** What went wrong with something that was asked for; null after the next thing that works. */
export const problem = signal<string | null>(null);

export const rate = signal(1);
export const isPaused = signal(false);
const isHidden = signal(document.hidden);
export const delayMs = signal(0);
export const lossRatio = signal(0);
export const diesDeciding = signal(false);

export const slaveViews = computed(() => nodeViews.value.filter(({ role }) => role === 'slave'));
/** As the nodes have it: timers of a hidden page hardly run, and would look like silence. */
const trueRate = computed(() => (isPaused.value || isHidden.value ? 0 : rate.value));

/** Told everything that the nodes tell their `inspect` option. */
let inspect: (event: unknown) => void = () => undefined;

export const cluster = new PlayCluster({
  clock: systemClock,
  // Every visit is another run.
  seed: `${Date.now()}`,
  inspect: (event) => inspect(event),
});

let isScheduled = false;

function look(): void {
  isScheduled = false;
  batch(() => {
    nodeViews.value = cluster.view();
    changes.value = cluster.changes;
    delayMs.value = cluster.links.delayMs;
    lossRatio.value = cluster.links.lossRatio;
    diesDeciding.value = cluster.diesDeciding;
  });
}

/** At most once per frame: a burst changes nodes thousands of times per second. */
function lookSoon(): void {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(look, 16);
}

/** Runs what a button asks for; what goes wrong is shown, and ends nothing. */
export function ask(work: () => unknown): void {
  void (async () => {
    try {
      await work();
      problem.value = null;
    } catch (error) {
      problem.value = reasonOf(error);
    }
  })();
}

export function play(id: string): void {
  const experiment = EXPERIMENTS.find((each) => each.id === id);
  if (experiment === undefined || playing.value !== null) return;
  playing.value = id;
  told.value = [];
  const tell = (text: string): void => {
    told.value = [...told.value, text].slice(-TOLD_MAX);
  };
  ask(async () => {
    try {
      await experiment.play(makeStage(cluster, tell));
    } finally {
      playing.value = null;
    }
  });
}

export function startPlayground(inspector: (event: unknown) => void): void {
  inspect = inspector;
  cluster.subscribe(lookSoon);
  trueRate.subscribe((now) => cluster.setRate(now));
  document.addEventListener('visibilitychange', () => {
    isHidden.value = document.hidden;
  });
  ask(() => cluster.start());
}
