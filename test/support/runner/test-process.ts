/**
 * A test process: loads the test files named on its command line one after the other, runs their
 * suites in this process, and reports to the supervisor (`test/run.ts`) over its channel.
 */
import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { compiledPath } from './discover.js';
import { newResources, settledResources } from './leaks.js';
import type { RunnerMessage } from './messages.js';
import { installRecorder, type Recorder } from './recorder.js';

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  UVU_QUEUE?: Array<Array<() => Promise<unknown>>>;
}

/** `registerHooks` replaces `register` from Node 22.15 on; both take the same `resolve`. */
interface ModuleHooks {
  registerHooks?: (hooks: { resolve: unknown }) => void;
  register: (specifier: string, parentUrl: string) => void;
}

async function redirectUvu(): Promise<void> {
  const hooks = nodeModule as unknown as ModuleHooks;
  if (hooks.registerHooks === undefined) hooks.register('./hooks.js', import.meta.url);
  else hooks.registerHooks({ resolve: (await import('./hooks.js')).resolve });
}

/** Two turns of the loop, so that a stray rejection is laid to the file that made it. */
async function drain(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** True when the file left something open, which is then reported. */
async function runFile(recorder: Recorder, file: string): Promise<boolean> {
  const started = performance.now();
  const before = await settledResources();
  process.stdout.write(`\n${file}\n`);
  recorder.openFile(file);
  const uvu = globalThis as UvuGlobals;
  const runs: Array<() => Promise<unknown>> = [];
  uvu.UVU_QUEUE = [runs];
  try {
    await import(pathToFileURL(compiledPath(file)).href);
    for (const run of runs) report(await run());
  } catch (error) {
    recorder.problem('does not load', error instanceof Error ? `${error.stack}` : String(error));
  }
  await drain();
  const left = await newResources(before);
  if (left.length > 0) {
    recorder.problem('leaves handles open', `${left.join(', ')}: would keep a process alive`);
  }
  const durationMs = performance.now() - started;
  process.stdout.write(`  ${durationMs.toFixed(0)} ms\n`);
  recorder.closeFile(durationMs);
  return left.length > 0;
}

/** uvu returns the formatted failures of a suite instead of printing them. */
function report(outcome: unknown): void {
  const failures: unknown = Array.isArray(outcome) ? outcome[0] : undefined;
  if (typeof failures === 'string') process.stdout.write(`\n${failures}\n`);
}

async function main(files: readonly string[]): Promise<void> {
  if (process.send === undefined) throw new Error('started by test/run.js only');
  const uvu = globalThis as UvuGlobals;
  uvu.UVU_DEFER = 1;
  uvu.UVU_INDEX = 0;
  // A failed report means the supervisor is gone; thrown, it would become a report again, for ever.
  const orphaned = (error: Error | null): void => {
    if (error !== null) process.exit(1);
  };
  const recorder = installRecorder((message: RunnerMessage) => {
    process.send?.(message, undefined, undefined, orphaned);
  });
  process.on('uncaughtException', (error, origin) => {
    const during = recorder.running === '' ? 'between tests' : `during "${recorder.running}"`;
    const detail = error instanceof Error ? `${error.stack}` : String(error);
    recorder.problem(`${origin} ${during}`, detail);
  });
  // The supervisor is gone: nobody would ever stop this process.
  process.on('disconnect', () => process.exit(1));
  await redirectUvu();
  // From Node 22 on, the pipes that the first words open count as held: they shall be no news.
  for (const stream of [process.stdout, process.stderr]) stream.write('');
  let leaky = false;
  for (const file of files) leaky = (await runFile(recorder, file)) || leaky;
  process.removeAllListeners('disconnect');
  // A reported leak must not be reported again as a process that does not end.
  if (leaky) process.on('disconnect', () => process.exit(0));
  process.disconnect();
}

await main(process.argv.slice(2));
