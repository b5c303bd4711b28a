/**
 * `npm run check:model`: every configuration, then every mutant. Prints states, edges, what was
 * explored to the end and what comes to rest, and each violation as a sequence diagram. Exit code 0
 * only without a violation, without a wedge, and with every mutant killed.
 */
import { writeFileSync } from 'node:fs';
import { type Arguments, argumentsOf, HELP, type Job } from './arguments.js';
import type { Finding, Report } from './check.js';
import { FULL } from './configurations.js';
import { MUTANTS } from './mutants.js';
import { runJobs } from './pool.js';
import type { Told } from './worker.js';

const count = (value: number): string => value.toLocaleString('en');
const padded = (value: number): string => count(value).padStart(10);
const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`;

function rest({ liveness }: Report): string {
  if (liveness === null) return 'rest not asked for';
  const { starts, combinations, states, stepsToRestMax } = liveness;
  const from = starts === combinations ? `all ${count(starts)}` : `${count(starts)} sampled`;
  return `rest from ${from} (${count(states)} states walked back, ${stepsToRestMax} steps at most)`;
}

function line(report: Report): string {
  const extent = report.isComplete ? 'to the end' : 'bounded   ';
  return (
    `${report.name.padEnd(42)} ${padded(report.states)} states ${padded(report.edges)} edges ` +
    `${extent} ${seconds(report.durationMs).padStart(8)}  ${rest(report)}`
  );
}

/** What a run of everything must come to. */
const EDGES_MIN = 2_000_000;
const MUTANTS_MIN = 16;

class Totals {
  readonly #began = performance.now();
  readonly #withTraces: boolean;
  /** Null once it is written. */
  #recording: string | null;
  #configurations = 0;
  #toTheEnd = 0;
  #edges = 0;
  #fairEdges = 0;
  #violations = 0;
  #mutants = 0;
  #killed = 0;

  constructor({ withTraces, recording }: Arguments) {
    this.#recording = recording;
    this.#withTraces = withTraces;
  }

  hear = (told: Told): void => {
    if (told.kind === 'progress') {
      const figures = `${count(told.states)} states, ${count(told.edges)} edges`;
      console.log(`  ... ${told.name}: ${figures}`);
    } else if (told.kind === 'failed') {
      this.#violations += 1;
      console.log(`FAILED ${told.job.name}: ${told.reason}`);
    } else if (told.job.kind === 'mutant') this.#hearMutant(told.report);
    else this.#hearConfiguration(told.report);
  };

  #hearConfiguration(report: Report): void {
    const { finding, edges, liveness, isComplete } = report;
    this.#configurations += 1;
    this.#edges += edges;
    this.#fairEdges += liveness?.edges ?? 0;
    if (isComplete) this.#toTheEnd += 1;
    console.log(line(report));
    if (finding === null) return;
    this.#violations += 1;
    console.log(`VIOLATION ${finding.promise} in ${finding.steps} steps: ${finding.how}`);
    this.#record(finding);
    console.log(finding.chart);
  }

  #hearMutant({ name, finding, states }: Report): void {
    this.#mutants += 1;
    if (finding === null) {
      console.log(`LIVES  ${name} (${count(states)} states)`);
      return;
    }
    this.#killed += 1;
    console.log(`killed ${name}: ${finding.promise} in ${finding.steps} steps`);
    if (this.#withTraces) console.log(finding.chart);
    this.#record(finding);
  }

  #record({ recording }: Finding): void {
    const path = this.#recording;
    if (path === null || recording === undefined) return;
    this.#recording = null;
    writeFileSync(path, `${recording.join('\n')}\n`);
    console.log(`  ${recording.length} lines in ${path}: replichart replay ${path}`);
  }

  /** The closing lines; true when all is as it should be. */
  conclude(jobs: readonly Job[]): boolean {
    const { length: wanted } = jobs.filter(({ kind }) => kind === 'mutant');
    const elapsed = seconds(performance.now() - this.#began);
    console.log(
      `${this.#configurations} configurations (${this.#toTheEnd} to the end), ` +
        `${count(this.#edges)} edges, ${count(this.#fairEdges)} edges walked back, ${elapsed}`,
    );
    console.log(`${this.#violations} violations, mutants ${this.#killed}/${wanted} killed`);
    const isWhole = this.#configurations + this.#mutants === jobs.length;
    const isFull = this.#configurations === FULL.length && wanted === MUTANTS.length;
    const isSmall = isFull && (this.#edges < EDGES_MIN || wanted < MUTANTS_MIN);
    if (isSmall) console.log(`MISSED: ${count(EDGES_MIN)} edges and ${MUTANTS_MIN} mutants`);
    return isWhole && this.#violations === 0 && this.#killed === wanted && !isSmall;
  }
}

function parsed(): Arguments | null {
  try {
    return argumentsOf(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error('try --help');
    process.exitCode = 2;
    return null;
  }
}

async function main(wanted: Arguments): Promise<void> {
  const { jobs, mode } = wanted;
  if (mode === 'help') return console.log(HELP);
  if (mode === 'list') {
    for (const { kind, name } of jobs) console.log(`${kind}: ${name}`);
    return;
  }
  const totals = new Totals(wanted);
  await runJobs(jobs, wanted.workers, totals.hear);
  process.exitCode = totals.conclude(jobs) ? 0 : 1;
}

const wanted = parsed();
if (wanted !== null) await main(wanted);
