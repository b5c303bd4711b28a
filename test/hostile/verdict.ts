/** What a siege must not do, and what it did. */
import type { SiegePlan } from './messages.js';
import type { SiegeResult } from './siege.js';

/** The demand: legitimate rounds keep within twice their quiet 99th percentile. */
const P99_RATIO_MAX = 2;
/** Half-open places, and what waits for slaves that do not read until they are dropped. */
const RSS_GROWTH_MAX = 192 * 1024 * 1024;

/**
 * Sentences of what was violated; none is a pass.
 * @param isTimed false in runs too short, or on machines too busy, for percentiles to mean much
 */
export function violationsOf(
  plan: SiegePlan,
  result: SiegeResult,
  isTimed: boolean,
): readonly string[] {
  const { quiet, besieged, attack, refusals } = result;
  const violations: string[] = [];
  const demand = (holds: boolean, what: string): void => {
    if (!holds) violations.push(what);
  };
  const ratio = besieged.p99Ms / quiet.p99Ms;
  demand(
    !isTimed || ratio <= P99_RATIO_MAX,
    `p99 under attack is ${ratio.toFixed(2)} times the quiet one`,
  );
  const grownMib = (besieged.rssBytesMax - quiet.rssBytesMax) / 1024 / 1024;
  demand(
    besieged.rssBytesMax - quiet.rssBytesMax <= RSS_GROWTH_MAX,
    `memory grew by ${grownMib.toFixed(0)} MiB`,
  );
  demand(
    attack.opened >= plan.halfOpen * 0.99,
    `only ${attack.opened} half-open connections were made`,
  );
  const refused = (refusals.OVERLOADED ?? 0) + (refusals.TIMEOUT ?? 0) + (refusals.PROTOCOL ?? 0);
  demand(refused >= attack.opened, `${attack.opened} half-open, ${refused} refused with a code`);
  demand(attack.deafJoined > 0, 'no slave that never reads came in');
  const dropped = Object.values(result.dropped).reduce((sum, count) => sum + count, 0);
  demand(dropped >= attack.deafJoined, `${attack.deafJoined} never read, ${dropped} were dropped`);
  demand(
    (refusals.UNAUTHORIZED ?? 0) >= attack.keysTried * 0.9,
    `${attack.keysTried} wrong keys, ${refusals.UNAUTHORIZED ?? 0} refusals`,
  );
  demand(attack.keysRefused >= attack.keysTried * 0.9, 'wrong keys were not refused');
  demand(attack.closed === attack.opened, 'a half-open connection was let go on');
  demand(attack.dripsClosed === plan.windows * plan.dripping, 'one byte a second was let go on');
  demand(refusals.LOST === undefined, `${refusals.LOST} rounds lacked a follower`);
  // Five codes, 21 lines of each a second, of windows and of the waiting behind them.
  const linesMax = plan.windows * (plan.windowMs / 1000 + 25) * 105;
  demand(result.lines < linesMax, `${result.lines} lines were told`);
  demand(result.handlesLeft === 0, `${result.handlesLeft} sockets were left behind`);
  return violations;
}

function byCode(counts: Readonly<Record<string, number>>): string {
  const texts = Object.entries(counts).map(([code, count]) => `${code} ${count}`);
  return texts.length === 0 ? 'nothing' : texts.join(', ');
}

function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`;
}

export function describe({ quiet, besieged, ...result }: SiegeResult): readonly string[] {
  const row = (name: string, { rounds, p50Ms, p99Ms, rssBytesMax }: typeof quiet): string =>
    `${name.padEnd(14)} ${String(rounds).padStart(6)} rounds  p50 ${milliseconds(p50Ms)}  ` +
    `p99 ${milliseconds(p99Ms)}  memory ${(rssBytesMax / 1024 / 1024).toFixed(0)} MiB`;
  const { attack, refusals, lines } = result;
  return [
    row('quiet', quiet),
    row('under attack', besieged),
    `half-open ${attack.opened}, ended by the master ${attack.closed}; ` +
      `one byte a second: ${attack.dripsClosed} ended`,
    `slaves that never read: ${attack.deafJoined} joined, ` +
      `dropped with ${byCode(result.dropped)}; ` +
      `wrong keys: ${attack.keysTried} tried, ${attack.keysRefused} refused`,
    `told by code: ${byCode(refusals)}, in ${lines} lines`,
  ];
}
