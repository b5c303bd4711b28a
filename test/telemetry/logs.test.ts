/** What telemetry logs, by the real pino: levels, fields, and nothing that is not for logs. */
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Logger } from '../../lib/telemetry/event-log.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { TelemetryProbe } from '../support/telemetry-probe.js';

const test = suite('telemetry: logs');

const LEVELS: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
};

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function pinoLog() {
  const lines: Line[] = [];
  let text = '';
  const write = (line: string): void => {
    text += line;
    const fields = JSON.parse(line) as { readonly level: number; readonly msg: string };
    lines.push({ ...fields, level: LEVELS[fields.level] ?? `${fields.level}` });
  };
  const logger: Logger = pino({ level: 'debug' }, { write });
  return { logger, lines, text: () => text };
}

async function logged() {
  const log = pinoLog();
  const probe = new TelemetryProbe({ logger: log.logger });
  const cluster = new ServiceCluster({ faults: { duplicateRatio: 1 } });
  const { inspect } = probe;
  const master = cluster.master({ inspect });
  const slave = cluster.slave('s1', { inspect, data: refusing('bad') });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  return { ...log, cluster, master, slave, probe };
}

const at = (lines: readonly Line[], level: string): readonly Line[] =>
  lines.filter((line) => line.level === level);

test('starts, stages, aborts, troubles and what was ignored, each at its level', async () => {
  const { cluster, master, slave, lines } = await logged();
  await cluster.finish(master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  cluster.network.cut('master', 's1');
  await cluster.clock.pass(5000);
  await cluster.stop(slave, master);
  assert.equal(
    at(lines, 'info')
      .map(({ msg }) => msg)
      .sort(),
    [
      'master "master" of "item" started',
      'master "master" of "item" stopped',
      'slave "s1" of "item" started',
      'slave "s1" of "item" stopped',
    ],
  );
  const stages = at(lines, 'debug').flatMap(({ stage }) => (stage === undefined ? [] : [stage]));
  assert.equal(stages.slice(0, 4), ['begun', 'decided', 'committed', 'applied']);
  const aborted = at(lines, 'warn').find(({ stage }) => stage === 'aborted');
  assert.match(aborted?.msg ?? '', /^two-phase change to version \d+ aborted: VETOED: /);
  assert.equal(aborted?.slaves, { s1: { stage: 'vetoed', reason: 'bad is not wanted here' } });
  const said = [aborted?.role, aborted?.item, aborted?.node, aborted?.method];
  assert.equal(said, ['master', 'item', 'master', 'two-phase']);
  assert.ok(at(lines, 'warn').some(({ code }) => code !== undefined && code !== 'VETOED'));
  const ignored = at(lines, 'debug').find(({ reason }) => reason === 'older than what was heard');
  assert.ok(ignored?.peers !== undefined && Number(ignored.bytes) > 0);
  assert.equal(at(lines, 'error'), []);
});

test('neither data nor payloads are in a log', async () => {
  const { cluster, master, text, lines } = await logged();
  const secret = 'hunter2hunter2';
  await cluster.finish(master.node.data.update(setter('password', secret), TWO_PHASE));
  await cluster.finish(master.node.data.update(setter('password2', secret)));
  await cluster.clock.pass(3000);
  assert.ok(lines.length > 5);
  assert.not(text().includes(secret));
  assert.not(text().includes('password'));
});

test('what needs a person is an error, and what a host forced', async () => {
  const { lines, probe } = await logged();
  const node = { role: 'slave', item: 'i', id: 'x', incarnation: '1', report: () => ({}) };
  const tell = (code: string, heuristic = false) =>
    probe.inspect({
      type: '@replichart.trouble',
      node,
      trouble: { code, reason: 'because', heuristic },
    });
  lines.length = 0;
  for (const code of ['STORE_FAILED', 'FENCED', 'REGRESSED', 'CORRUPT', 'TIMEOUT']) tell(code);
  tell('TIMEOUT', true);
  assert.equal(
    lines.map(({ level, msg }) => `${level} ${msg}`),
    [
      'error STORE_FAILED: because',
      'error FENCED: because',
      'error REGRESSED: because',
      'error CORRUPT: because',
      'warn TIMEOUT: because',
      'error TIMEOUT: because',
    ],
  );
});

test('a logger that throws costs its lines, nothing else', async () => {
  const broken = () => {
    throw new Error('disk full');
  };
  const logger = { debug: broken, info: broken, warn: broken, error: broken };
  const probe = new TelemetryProbe({ logger });
  const cluster = new ServiceCluster();
  const master = cluster.master({ inspect: probe.inspect });
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a')));
  assert.is(await probe.sum('replichart.changes'), 1);
  assert.is(probe.spans('replichart.change').length, 1);
  assert.equal(master.troubles, []);
});

test.run();
