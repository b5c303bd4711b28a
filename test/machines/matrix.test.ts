/**
 * Each event in each state: handled there or above, or listed here as ignored on purpose. A new
 * event or state that nobody thought about fails this table.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyStateMachine } from 'xstate';
import { type ChartState, readChart } from '../../lib/inspector/chart/read-chart.js';
import {
  masterMachine,
  nodeMachine,
  relayMachine,
  sessionMachine,
  slaveMachine,
} from '../../machines/index.js';

const test = suite('event matrix');

/** Paths of the states without children below this one, with the events that each hears. */
function heardBy(state: ChartState, above: readonly string[] = []): Map<string, Set<string>> {
  const own = state.transitions.filter(({ kind }) => kind === 'event').map(({ event }) => event);
  const heard = [...above, ...own];
  if (state.children.length === 0) return new Map([[state.path, new Set(heard)]]);
  return new Map(state.children.flatMap((child) => [...heardBy(child, heard)]));
}

function eventsOf(state: ChartState): string[] {
  const own = state.transitions.filter(({ kind }) => kind === 'event').map(({ event }) => event);
  return [...new Set([...own, ...state.children.flatMap(eventsOf)])];
}

/** What leaf states of this part hear nothing of, by event. */
function unheard(machine: AnyStateMachine, part = ''): Record<string, string[]> {
  const { root } = readChart(machine);
  const leaves = [...heardBy(root)].filter(([path]) => path.startsWith(part));
  const silent: Record<string, string[]> = {};
  for (const event of eventsOf(root).sort()) {
    const deaf = leaves.filter(([, heard]) => !heard.has(event)).map(([path]) => path);
    if (deaf.length > 0) silent[event] = deaf.map((path) => path.slice(part.length)).sort();
  }
  return silent;
}

const all = (machine: AnyStateMachine, part: string, hearing: readonly string[]): string[] =>
  [...heardBy(readChart(machine).root).keys()]
    .filter((path) => path.startsWith(part))
    .map((path) => path.slice(part.length))
    .filter((path) => !hearing.includes(path))
    .sort();

/** An event in its states; everywhere else it is late, early or meant for another region. */
type Hearing = Readonly<Record<string, readonly string[]>>;

function holds(machine: AnyStateMachine, part: string, hearing: Hearing): void {
  const silent = unheard(machine, part);
  for (const [event, states] of Object.entries(silent)) {
    assert.equal(states, all(machine, part, hearing[event] ?? []), `${event} in ${part}`);
  }
  for (const [event, states] of Object.entries(hearing)) {
    const deaf = silent[event] ?? [];
    for (const state of states) assert.not.ok(deaf.includes(state), `${event} in ${state}`);
  }
}

test('P9: the round region of the master hears each event where it means something', () => {
  const busy = [
    'aborting',
    'announcing',
    'committing.applying',
    'committing.waiting',
    'deciding',
    'preparing.confirming',
    'preparing.voting',
    'reserving',
  ];
  const states = ['idle', ...busy];
  const everywhere = [
    'confirmations',
    'epochSeen',
    'inquired',
    'rivalSeen',
    'slaveForgotten',
    'slaveReturned',
    'stop',
    'storeFailed',
    'versionShown',
  ];
  holds(masterMachine, 'serving.round.', {
    ...Object.fromEntries(everywhere.map((event) => [event, states])),
    announceGroup: ['idle'],
    proposeGroup: ['idle'],
    reserved: ['reserving'],
    votes: ['preparing.confirming', 'preparing.voting'],
    slaveLost: ['preparing.confirming', 'preparing.voting'],
    polled: ['preparing.confirming'],
    decisionPersisted: ['deciding'],
    originalCommitted: ['announcing', 'committing.applying', 'committing.waiting'],
    originalFailed: ['announcing', 'committing.applying'],
    originalRolledBack: ['aborting'],
    rollback: ['preparing.confirming', 'preparing.voting', 'reserving'],
  });
});

test('P16: outside `serving` a master hears only its own start, its store and its host', () => {
  const starting = [
    'recovering.reading',
    'recovering.reigning',
    'recovering.redoing.applying',
    'recovering.redoing.waiting',
  ];
  holds(masterMachine, 'recovering.', {
    recovered: ['reading'],
    reignPersisted: ['reigning'],
    originalCommitted: ['redoing.applying', 'redoing.waiting'],
    originalFailed: ['redoing.applying'],
    stop: starting.map((path) => path.replace('recovering.', '')),
    storeFailed: starting.map((path) => path.replace('recovering.', '')),
  });
  for (const end of ['fenced', 'halted']) {
    holds(masterMachine, end, { stop: [''], storeFailed: [''] });
  }
});

test('P8: the copy region of a slave hears each event where it means something', () => {
  const states = all(slaveMachine, 'serving.copy.', []);
  const everywhere = [
    'abort',
    'announce',
    'commit',
    'fence',
    'message',
    'prepare',
    'resync',
    'stop',
  ];
  const promised = ['prepared.doubtful', 'prepared.waiting'];
  const asking = ['fetching', 'syncing.asking'];
  const transferring = [...asking, 'syncing.installing'];
  holds(slaveMachine, 'serving.copy.', {
    ...Object.fromEntries([...everywhere, 'storeFailed'].map((event) => [event, states])),
    outcome: promised,
    resolve: promised,
    welcome: [...promised, ...transferring],
    deltaArrived: asking,
    snapshotBegan: ['syncing.asking'],
    transferLost: transferring,
    transferProgressed: transferring,
    installed: ['syncing.installing'],
    installFailed: ['syncing.installing'],
    committed: ['committing'],
    commitFailed: ['committing'],
    canPrepare: ['preparing'],
    cannotPrepare: ['preparing'],
    promised: ['voting'],
    roundDropped: ['aborting'],
  });
});

test('P2: the link region of a slave hears each event where it means something', () => {
  const states = all(slaveMachine, 'serving.link.', []);
  const everywhere = [
    'adopt',
    'connected',
    'disconnected',
    'fence',
    'foreign',
    'message',
    'refused',
    'stop',
  ];
  holds(slaveMachine, 'serving.link.', {
    ...Object.fromEntries([...everywhere, 'storeFailed'].map((event) => [event, states])),
    welcome: ['announcing'],
    greet: ['live'],
    reignPersisted: ['adopting'],
  });
});

test('P15: a session hears each event where it means something', () => {
  const open = ['following', 'syncing'];
  holds(sessionMachine, '', {
    left: all(sessionMachine, '', []),
    hello: [...open, 'lagging', 'probing'],
    requested: open,
    roundRequested: open,
    transferEnded: ['syncing'],
    deltaUnavailable: ['syncing'],
    rivalAnswered: ['probing'],
    rivalGone: ['probing'],
    blocked: ['following'],
    drained: ['lagging'],
  });
});

test('P16: a node hears each event where it means something', () => {
  const states = all(nodeMachine, '', []);
  const under = (name: string) => states.filter((path) => path.startsWith(name));
  const candidates = under('promoting.');
  const copies = under('following.');
  holds(nodeMachine, '', {
    ...Object.fromEntries(
      ['failed', 'leaseSeen', 'resolve', 'stop'].map((event) => [event, states]),
    ),
    opened: ['starting'],
    leaseFree: ['following.watching'],
    forked: ['following.resting', 'following.watching'],
    setAside: ['following.settingAside'],
    promote: [...copies, ...candidates],
    asked: [...copies, ...candidates, 'leading', 'steppingDown'],
    compared: ['promoting.comparing'],
    // One that comes late is given back.
    acquired: ['promoting.acquiring', ...copies, 'failed'],
    notAcquired: ['promoting.acquiring'],
    answered: ['promoting.asking'],
    leading: ['promoting.taking'],
    cannotLead: ['promoting.taking'],
    leaseLost: [...candidates, 'leading'],
    masterEnded: ['promoting.taking', 'leading'],
    handOver: ['leading'],
    steppedDown: ['steppingDown'],
  });
});

test('P11: the round region of a relay hears each event where it means something', () => {
  const voting = ['gathering.confirming', 'gathering.voting'];
  const states = ['idle', 'promised', 'refused', ...voting];
  holds(relayMachine, 'round.', {
    asked: ['idle'],
    votes: voting,
    polled: ['gathering.confirming'],
    heartbeat: voting,
    slaveLost: voting,
    slaveReturned: voting,
    committed: states,
    aborted: states,
    superseded: states,
  });
});

test.run();
