/** Results and goals for people. */
import type { Verdict } from '../goals.js';
import type { ResultLine } from '../result.js';

type Row = readonly string[];

const HEADINGS: Row = [
  'yardstick',
  'variant',
  'slaves',
  'bytes',
  'store',
  'contestant',
  'median',
  'unit',
  'p50',
  'p99',
  'min',
  'max',
  'ratio',
];
const NUMBERS = new Set(['slaves', 'bytes', 'median', 'p50', 'p99', 'min', 'max', 'ratio']);

const figure = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : String(value);

function rowOf(line: ResultLine): Row {
  const { yardstick, variant, slaves, valueBytes, store, contestant, unit, ratio } = line;
  const [median, p50, p99, min, max] = [line.median, line.p50, line.p99, line.min, line.max].map(
    figure,
  ) as [string, string, string, string, string];
  const ratioText = ratio === null ? '' : ratio.toFixed(2);
  const cells = [yardstick, variant, slaves, valueBytes, store, contestant, median, unit];
  return [...cells.map(String), p50, p99, min, max, ratioText];
}

function aligned(rows: readonly Row[], headings: Row): string[] {
  const widths = headings.map((_, column) => {
    return Math.max(...rows.map((row) => row[column]?.length ?? 0));
  });
  return rows.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return NUMBERS.has(headings[column] ?? '') ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

export function tableOf(lines: readonly ResultLine[]): string[] {
  return aligned([HEADINGS, ...lines.map(rowOf)], HEADINGS);
}

function wanted({ goal }: Verdict): string {
  return goal.atLeast === undefined ? `<= ${goal.atMost}` : `>= ${goal.atLeast}`;
}

function outcome({ reached, isMet }: Verdict): string {
  if (reached === null) return 'not measured';
  return isMet ? 'met' : 'MISSED';
}

/** The goals, what was reached, and the closing line. */
export function goalLines(verdicts: readonly Verdict[]): string[] {
  const headings = ['goal', 'wanted', 'ratio', 'outcome'];
  const rows = verdicts.map((verdict) => [
    verdict.goal.text,
    wanted(verdict),
    verdict.reached === null ? '' : verdict.reached.toFixed(2),
    outcome(verdict),
  ]);
  const measured = verdicts.filter(({ reached }) => reached !== null);
  const met = measured.filter(({ isMet }) => isMet).length;
  return [...aligned(rows, headings), `${met} of ${measured.length} measured goals met`];
}
