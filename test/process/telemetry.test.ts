/** Real processes over TCP, each with an SDK of its own: the spans of a change share one trace. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('telemetry: processes');
const PROGRAM = fileURLToPath(new URL('../support/telemetry-process.js', import.meta.url));
const SLAVES = ['s1', 's2', 's3'];

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly version: number | null;
}

class Traced {
  readonly #child: ChildProcess;
  readonly #lines;

  constructor(...words: readonly string[]) {
    this.#child = spawn(process.execPath, [PROGRAM, ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdout } = this.#child;
    assert.ok(stdout);
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async line<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    assert.not(done, 'the process ended early');
    return JSON.parse(value as string) as T;
  }

  say(word: string): void {
    this.#child.stdin?.write(`${word}\n`);
  }

  /** Lets it stop, and reads its spans. */
  async end(): Promise<readonly Span[]> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    const { spans } = await this.line<{ readonly spans: readonly Span[] }>();
    const [code] = await exited;
    assert.is(code, 0);
    return spans;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

test('a two-phase and a one-phase change: one trace each, over four processes', async () => {
  const master = new Traced('master');
  const all = [master];
  try {
    const { port } = await master.line<{ readonly port: number }>();
    const slaves = SLAVES.map((id) => new Traced('slave', id, `${port}`));
    all.push(...slaves);
    await Promise.all(slaves.map((slave) => slave.line()));
    const versions: number[] = [];
    for (const word of ['two-phase', 'one-phase']) {
      master.say(word);
      const done = await master.line<{ version: number; participants: string[] }>();
      assert.equal([...done.participants].sort(), SLAVES);
      versions.push(done.version);
    }
    const [two, one] = versions;
    const ofSlaves = await Promise.all(slaves.map((slave) => slave.end()));
    const ofMaster = await master.end();
    const traceIn = (spans: readonly Span[], name: string, version: number | undefined): string => {
      const found = spans.filter((span) => span.name === name && span.version === version);
      assert.is(found.length, 1, `${name} of version ${version}: ${JSON.stringify(spans)}`);
      return found[0]?.traceId ?? '';
    };
    const round = traceIn(ofMaster, 'replichart.change', two);
    const announced = traceIn(ofMaster, 'replichart.change', one);
    assert.is.not(round, announced);
    for (const spans of ofSlaves) {
      assert.is(traceIn(spans, 'replichart.slave.prepare', two), round);
      assert.is(traceIn(spans, 'replichart.slave.apply', two), round);
      assert.is(traceIn(spans, 'replichart.slave.apply', one), announced);
    }
    const stages = ofMaster.filter(({ traceId }) => traceId === round).map(({ name }) => name);
    assert.equal(stages.sort(), [
      'replichart.change',
      'replichart.change.commit',
      'replichart.change.confirm',
      'replichart.change.decide',
      'replichart.change.prepare',
    ]);
  } finally {
    for (const traced of all) traced.kill();
  }
});

test.run();
