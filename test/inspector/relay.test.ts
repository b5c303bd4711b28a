/** A relay under the inspector: its actors, the table, and who said what to whom. */
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createInspector, type Inspector } from '../../lib/inspector/create-inspector.js';
import type { Entry } from '../../lib/inspector/entries.js';
import { readLine } from '../../lib/inspector/json.js';
import { replayRecording } from '../../lib/inspector/recording/replay-recording.js';
import { nodeRows } from '../../lib/inspector/rows/node-rows.js';
import { Timeline } from '../../lib/inspector/timeline/timeline.js';
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createRelay } from '../../lib/relay/index.js';
import { createSlave } from '../../lib/slave.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';

const test = suite('inspector: a relay');

const WAIT = { timeout: 10_000 };
const TWO_PHASE = { method: 'two-phase', ack: 'applied' } as const;

const DEADLINE_MS = 20_000;

async function until(what: () => string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) assert.unreachable(`not in time: ${what()}`);
    await pause(20);
  }
}

interface Settings {
  readonly theme: string;
}

interface Watch {
  readonly inspector: Inspector;
  readonly lines: readonly string[];
  readonly version: number;
}

/** A master, two relays one below the other, a slave that is watched, and one that is not. */
async function watched(judge: (watch: Watch) => Promise<void>): Promise<void> {
  await using inspector = createInspector({ port: 0, print: () => undefined });
  const { link } = await inspector.start();
  const lines: string[] = [];
  inspector.feed.subscribe((more) => void lines.push(...more));
  const item = 'settings';
  const top = tcpListen({ port: 0 });
  const data = document<Settings>({ theme: 'light' });
  await using master = createMaster({ item, data, transport: top, inspect: inspector.inspect });
  await master.start();
  let { port } = top;
  const relays = [];
  for (const id of ['relay-1', 'relay-2']) {
    const downstream = tcpListen({ port: 0 });
    const relay = createRelay({
      item,
      id,
      upstream: tcpConnect({ port }),
      downstream,
      inspector: link,
    });
    await relay.start();
    await relay.current(WAIT);
    relays.push(relay);
    port = downstream.port;
  }
  const slaves = [{ inspector: link }, {}].map((watching, index) =>
    createSlave({
      item,
      id: `till-${index + 1}`,
      data: document<Settings>(),
      transport: tcpConnect({ port }),
      ...watching,
    }),
  );
  for (const slave of slaves) await slave.start();
  for (const slave of slaves) await slave.current(WAIT);
  const { version } = await master.data.set({ theme: 'dark' }, TWO_PHASE);
  try {
    await judge({ inspector, lines, version });
  } finally {
    for (const each of [...slaves, ...relays.reverse()]) await each.stop();
  }
}

test('each node has one row, those only a relay knows too, and all are well', async () => {
  await watched(async ({ inspector, version }) => {
    const shown = () =>
      nodeRows(inspector.feed.nodes().values(), Date.now())
        .map((row) => [row.id, row.role, row.version, row.lag, row.stage, row.reason].join(' '))
        .sort();
    const slave = (id: string) => `${id} slave ${version} 0 current `;
    const wanted = [
      `master master ${version}  serving `,
      ...['relay-1', 'relay-2', 'till-1', 'till-2'].map(slave),
    ];
    await until(
      () => `all rows: ${shown().join('; ')}`,
      () => shown().join() === wanted.join(),
    );
  });
});

test('a recording of it runs again in the statecharts, that of the relay among them', async () => {
  await watched(async ({ inspector, lines }) => {
    const entries = () => {
      inspector.feed.flush();
      return lines.map((line) => JSON.parse(line) as Entry);
    };
    // Those of other processes come when their reporter sends them.
    const stepsOf = (name: string) => {
      const actors = entries().flatMap((entry) =>
        entry.kind === 'actor' && entry.name === name ? [entry.actor] : [],
      );
      return entries().filter((entry) => entry.kind === 'step' && actors.includes(entry.actor));
    };
    for (const name of ['relay', 'session of relay-2']) {
      await until(
        () => `a step of "${name}"`,
        () => stepsOf(name).length > 0,
      );
    }
    const recorded = entries().filter(({ kind }) => kind === 'step').length;
    const numbered = lines.map((line, index) => ({ line: readLine(line), number: index + 1 }));
    const { differences, unknown, steps } = await replayRecording(numbered);
    assert.equal(unknown, [], 'a machine that the package does not know');
    assert.equal(differences, []);
    assert.is(steps, recorded);
  });
});

test('its actors are named, and messages go from those who said them to those who heard', async () => {
  await watched(async ({ inspector, lines, version }) => {
    const entries = () => {
      inspector.feed.flush();
      return lines.map((line) => JSON.parse(line) as Entry);
    };
    const names = () => entries().flatMap((entry) => (entry.kind === 'actor' ? [entry.name] : []));
    for (const name of ['relay', 'session of relay-2', 'session of till-2']) {
      await until(
        () => `the actor "${name}" among ${names().join(', ')}`,
        () => names().includes(name),
      );
    }
    const said = () => {
      const timeline = timelineOf(entries());
      const pairs = timeline.pairs(
        timeline.worldAt(timeline.store.end),
        0,
        timeline.messages.count,
      );
      const lifelines = pairs.lifelines.map(({ role, id }) => `${role} ${id}`);
      const ways = pairs.rows.flatMap(({ name, detail, from, targets, isSeenSent }) =>
        targets.map(({ lifeline, line }) => {
          const way = `${name} ${detail}: ${from} > ${lifeline}`.replaceAll('settings ', '');
          return isSeenSent && line !== null ? way : `${way} (one end)`;
        }),
      );
      return { lifelines, ways };
    };
    const wanted = ['master master > slave relay-1', 'slave relay-1 > slave relay-2'].flatMap(
      (way) => [`prepare v${version}: ${way}`, `commit v${version}: ${way}`],
    );
    wanted.push(`prepare v${version}: slave relay-2 > slave till-1`);
    wanted.push(
      'vote yes: slave relay-2 > slave relay-1',
      'vote yes: slave relay-1 > master master',
    );
    wanted.push('vote yes: slave till-1 > slave relay-2');
    wanted.push('vote yes: slave till-2 > slave relay-2 (one end)');
    for (const way of wanted) {
      await until(
        () => `${way} among\n${said().ways.join('\n')}`,
        () => said().ways.includes(way),
      );
    }
    assert.equal(said().lifelines, [
      'master master',
      'slave relay-1',
      'slave relay-2',
      'slave till-1',
      'slave till-2',
    ]);
  });
});

function timelineOf(entries: readonly Entry[]): Timeline {
  const timeline = new Timeline();
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  timeline.append(new TextEncoder().encode(text));
  timeline.read(Number.POSITIVE_INFINITY, () => 0);
  return timeline;
}

test.run();
