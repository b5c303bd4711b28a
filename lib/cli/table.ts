/** Columns for a terminal or a log. */
import { plainText } from './plain-text.js';

const CELL_MAX = 60;

/** Rows under headings, every column as wide as its widest cell; the last one may be longer. */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const last = headings.length - 1;
  const clean = rows.map((row) =>
    headings.map((_heading, column) => {
      const text = plainText(row[column] ?? '');
      return column === last || text.length <= CELL_MAX
        ? text
        : `${text.slice(0, CELL_MAX - 3)}...`;
    }),
  );
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...clean.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return `${[line(headings), rule, ...clean.map(line)].join('\n')}\n`;
}
