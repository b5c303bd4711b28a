/**
 * `npm run check:model`: every configuration, then every mutant. Prints states, edges, what was
 * explored to the end, and the trace of the first violation; fails on a violation, on a state
 * that never comes to rest, and on a mutant that lives.
 */
import { check, comeToRest, hunt } from './check.js';
import { FULL, SHORT } from './configurations.js';
import { MUTANTS } from './mutants.js';
import { tell } from './trace.js';
import type { Bounds } from './vocabulary.js';

const RESTS_MAX = 600;
const count = (value: number): string => value.toLocaleString('en').padStart(10);

function run(bounds: Bounds): { readonly edges: number; readonly isGood: boolean } {
  const exploration = check(bounds);
  const { states, edges, isComplete, violation, durationMs } = exploration;
  const seconds = (durationMs / 1000).toFixed(1).padStart(6);
  const extent = isComplete ? 'all  ' : 'bound';
  const rest = comeToRest(exploration, RESTS_MAX);
  console.log(
    `${bounds.name.padEnd(40)} ${count(states)} states ${count(edges)} edges` +
      ` ${extent} ${seconds} s` +
      `   rest from ${rest.tried} of ${rest.of}, at most ${rest.roundsMax} heartbeats`,
  );
  if (violation !== null) console.log(tell(exploration));
  if (rest.stuck !== null) {
    console.log(`never comes to rest:\n  ${rest.stuck.slice(0, 60).join('\n  ')}`);
  }
  return { edges, isGood: violation === null && rest.stuck === null };
}

function huntAll(): number {
  let killed = 0;
  for (const mutant of MUTANTS) {
    const { violation, states } = hunt(mutant);
    if (violation === null) {
      console.log(`LIVES  ${mutant.name} (${states} states)`);
      continue;
    }
    killed += 1;
    const [broken] = violation.broken;
    console.log(`killed ${mutant.name}: ${broken?.promise} in ${violation.trace.length} steps`);
  }
  return killed;
}

const configurations = process.argv.includes('--short') ? SHORT : FULL;
const results = configurations.map(run);
const violations = results.filter(({ isGood }) => !isGood).length;
const edges = results.reduce((sum, result) => sum + result.edges, 0);
const killed = huntAll();
console.log(`${configurations.length} configurations, ${edges.toLocaleString('en')} edges`);
console.log(`${violations} violations, mutants ${killed}/${MUTANTS.length} killed`);
process.exitCode = violations === 0 && killed === MUTANTS.length ? 0 : 1;
