/** Tables and sentences for people: aligned, complete, and safe to print. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeOutput, paintFor, type Streams } from '../../lib/cli/output.js';
import { plainText } from '../../lib/cli/plain-text.js';
import { describeSlave } from '../../lib/cli/slave-words.js';
import type { StatusReport } from '../../lib/cli/status-report.js';
import { renderStatus, statusRows } from '../../lib/cli/status-table.js';
import { renderTable } from '../../lib/cli/table.js';
import { bytesText, countText, durationText } from '../../lib/runtime/quantities.js';
import type { BelowStatus, SlaveStatus } from '../../lib/service/status.js';

const test = suite('command: what is printed');

const REPORT: StatusReport = {
  format: 1,
  item: 'settings',
  method: 'two-phase',
  master: {
    id: 'master',
    pid: 7,
    state: 'serving',
    position: { lineage: 'l', epoch: { term: 0, start: 1 }, version: 12, digest: 'abcdefghijkl' },
    round: { id: 'r1', stage: 'preparing' },
    queued: 2,
    problem: null,
  },
  file: { path: 'settings.json', replicated: false, problem: null },
  slaves: [
    {
      id: 'web-1',
      link: 'live',
      version: 10,
      lag: 2,
      stage: 'behind',
      age: 1500,
      incarnation: 'i',
      peer: '10.0.0.1:4',
      problem: { code: 'VETOED', reason: 'bad\u001b[2Jport' },
    },
  ],
  lastAbort: {
    at: '2026-01-01T00:00:00.000Z',
    code: 'VETOED',
    reason: 'no',
    slaves: { 'web-1': { stage: 'vetoed', reason: 'port is\ntaken' } },
  },
};

test('columns line up, cells that are too wide are cut, the last one is not', () => {
  const wide = 'x'.repeat(100);
  const lines = renderTable(
    ['A', 'LONG', 'LAST'],
    [
      ['1', wide, wide],
      ['22', 'b', 'c'],
    ],
  ).split('\n');
  assert.is(lines[0], `A   LONG${' '.repeat(58)}LAST`);
  assert.is(lines[2], `1   ${'x'.repeat(57)}...  ${wide}`);
  assert.is(lines[3], `22  b${' '.repeat(61)}c`);
});

test('the status names version, lag, round, problem, and who refused with the reason', () => {
  const text = renderStatus(REPORT, statusRows(REPORT, 0));
  assert.match(text, /item {5}settings \(two-phase\)/);
  assert.match(text, /master, serving, version 12, digest abcdefgh\n/);
  assert.match(text, /settings\.json \(ahead of what is replicated\)/);
  assert.match(text, /round {4}r1, preparing/);
  assert.match(text, /queued {3}2 changes/);
  assert.match(text, /web-1 vetoed: port is taken/);
  assert.match(
    text,
    /web-1 {3}10 {7}2 {4}slave {3}behind {2}live {2}1\.5 s {2}10\.0\.0\.1:4 {2}2 versions behind: /,
  );
});

test('the table of nodes has the master and the reasons, and cannot steer a terminal', () => {
  const info = REPORT.slaves[0];
  assert.ok(info);
  const problem = { code: 'QUARANTINED', reason: 'bad\u001b[2Jport' };
  const report = { ...REPORT, slaves: [{ ...info, stage: 'quarantined', problem }] };
  const rows = statusRows(report, 0);
  assert.equal(
    rows.map(({ id, role, severity }) => [id, role, severity]),
    [
      ['web-1', 'slave', 'bad'],
      ['master', 'master', 'good'],
    ],
  );
  const text = renderStatus(report, rows);
  assert.match(text, /2 versions behind: quarantined: QUARANTINED: badport, tries again\n/);
  assert.match(text, /master {2}12 {7}- {4}master {2}round .* round r1 is preparing; 2 changes/);
  const painted = renderStatus(report, rows, { paint: (style, line) => `<${style}>${line}` });
  assert.match(painted, /\n<red>web-1 /);
  assert.match(painted, /\nmaster /);
});

test('a narrow terminal loses columns first, then the reason is wrapped under its heading', () => {
  const rows = statusRows(REPORT, 0);
  const headingsAt = (width: number) => {
    const text = renderStatus(REPORT, rows, { width });
    const table = text.slice(text.indexOf('NODE')).trimEnd().split('\n');
    assert.ok(table.every((line) => line.length <= width));
    const words = table.slice(2).join(' ').replace(/\s+/g, ' ');
    assert.match(words, /2 versions behind: .*version 12/);
    return table[0]?.split(/\s+/).join(' ');
  };
  assert.is(headingsAt(200), 'NODE VERSION LAG ROLE STAGE LINK HEARD PEER REASON');
  assert.is(headingsAt(80), 'NODE VERSION LAG ROLE STAGE LINK HEARD REASON');
  assert.is(headingsAt(60), 'NODE VERSION LAG STAGE LINK REASON');
});

test('a word longer than the line is cut, and no width means no wrapping', () => {
  const word = 'x'.repeat(60);
  const lines = renderTable(['A', 'B'], [['1', word]], { width: 30 })
    .trimEnd()
    .split('\n');
  assert.equal(lines.slice(2), [`1  ${'x'.repeat(27)}`, `   ${'x'.repeat(27)}`, '   xxxxxx']);
  assert.match(renderTable(['A', 'B'], [['1', word]]), /x{60}/);
});

const BELOW: BelowStatus = {
  slaves: 1010,
  relays: 10,
  live: 1009,
  current: 998,
  versions: [
    { version: 12, slaves: 998 },
    { version: 10, slaves: 12 },
  ],
  worst: null,
  behind: [
    { id: 'web-1', via: [], version: 10, link: 'live', stage: 'behind', problem: null },
    {
      id: 'till-7',
      via: ['relay-1', 'relay-2'],
      version: 10,
      link: 'live',
      stage: 'quarantined',
      problem: { code: 'QUARANTINED', reason: 'disk\u001b[2J full' },
    },
    { id: 'till-8', via: ['relay-1'], version: 10, link: 'stale', stage: 'gone', problem: null },
  ],
};

test('with relays the status counts the whole tree and names who is behind, where and why', () => {
  const report = { ...REPORT, below: BELOW };
  const text = renderStatus(report, statusRows(report, 0));
  assert.match(text, '\nbelow    998 of 1010 nodes on version 12; 1009 live; 10 relays\n');
  assert.match(text, '\nversions 12: 998, 10: 12\n');
  const table = text.slice(text.indexOf('\nBELOW RELAYS')).trim().split('\n');
  const words = table.map((line) => line.split(/\s{2,}/).join('|'));
  assert.equal(words.slice(2), [
    'till-7|10|quarantined|live|relay-1 > relay-2|QUARANTINED: disk full',
    'till-8|10|gone|stale|relay-1|killed or unreachable',
  ]);
  const narrow = renderStatus(report, statusRows(report, 0), { width: 80 });
  assert.ok(
    narrow
      .slice(narrow.indexOf('NODE'))
      .split('\n')
      .every((line) => line.length <= 80),
  );
  assert.not.match(renderStatus(REPORT, statusRows(REPORT, 0)), /^(below|versions) |BELOW RELAYS/m);
});

test('a status without slaves says so', () => {
  const report = { ...REPORT, slaves: [], lastAbort: null };
  assert.match(renderStatus(report, statusRows(report, 0)), /no slave has joined yet/);
});

test('text of others loses what steers a terminal', () => {
  assert.is(plainText('a\u001b[31;1mb\u001b[0m\r\n[c]\u0007'), 'ab  [c] ');
});

test('sizes, times and counts read as people say them', () => {
  assert.equal([0, 999, 1000, 20_621_633, 5e9].map(bytesText), [
    '0 B',
    '999 B',
    '1.0 KB',
    '20.6 MB',
    '5.0 GB',
  ]);
  const times = [0.4, 999, 1500, 90_000, 7_200_000, Number.POSITIVE_INFINITY];
  assert.equal(times.map(durationText), ['0 ms', '999 ms', '1.5 s', '2 min', '2 h', '-']);
  assert.equal([countText(1, 'slave'), countText(0, 'slave')], ['1 slave', '0 slaves']);
});

test('a slave describes link, data, round and problem', () => {
  const status: SlaveStatus = {
    link: 'stale',
    data: 'behind',
    round: 'in-doubt',
    roundId: 'r',
    inDoubtFor: 1,
    problem: { code: 'REGRESSED', reason: 'why' },
    target: null,
    summary: 'x',
  };
  const text = describeSlave(status, 'host:1');
  for (const part of [
    'no word from the master at host:1',
    'behind',
    'in doubt',
    'REGRESSED: why',
  ]) {
    assert.ok(text.includes(part), text);
  }
});

/** Streams that keep what is written. */
function recorder(
  isTTY: boolean,
  env: NodeJS.ProcessEnv = {},
): { streams: Streams; text: () => string } {
  const written: string[] = [];
  const stream = { isTTY, columns: 20, write: (text: string) => written.push(text) > 0 };
  const fake = stream as unknown as Streams['stdout'];
  return { streams: { stdout: fake, stderr: fake, env }, text: () => written.join('') };
}

test('progress only where a person looks, cut to the line and erased before the next', () => {
  const log = recorder(false);
  makeOutput(log.streams, false).progress('working');
  assert.is(log.text(), '');
  const terminal = recorder(true, { NO_COLOR: '1' });
  const output = makeOutput(terminal.streams, false);
  output.progress('x'.repeat(50));
  output.raw('done\n');
  assert.is(terminal.text(), `\r\u001b[K${'x'.repeat(19)}\r\u001b[Kdone\n`);
});

test('JSON lines carry event, time, text and fields', () => {
  const log = recorder(true);
  const output = makeOutput(log.streams, true);
  output.progress('never');
  output.event('version', 'it is here', { version: 3 });
  output.problem('file', 'gone');
  const [first, second] = log
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.is(first.event, 'version');
  assert.is(first.version, 3);
  assert.ok(Date.parse(first.at) > 0);
  assert.is(second.problem, true);
});

test('NO_COLOR, a pipe and a dumb terminal get no colours', () => {
  for (const { streams } of [
    recorder(false),
    recorder(true, { NO_COLOR: '1' }),
    recorder(true, { TERM: 'dumb' }),
  ]) {
    assert.is(paintFor(streams)('red', 'x'), 'x');
  }
});

test.run();
