/** Columns for a terminal or a log. */
import { plainText } from './plain-text.js';

const CELL_MAX = 60;
/** The last column is not made narrower than this; others go first. */
const LAST_MIN = 24;
const GAP = '  ';

export interface TableOptions {
  /** Characters of a line; the last column is wrapped within them. @default no limit */
  readonly width?: number;
  /** Headings of columns that are left out where the width is short, the first one first. */
  readonly optional?: readonly string[];
  /** Colours a row's lines; must not change their width. */
  readonly paint?: (row: number, line: string) => string;
}

interface Columns {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly widths: readonly number[];
}

function cleanRow(row: readonly string[], last: number): string[] {
  return row.map((cell, column) => {
    const text = plainText(cell);
    const isShort = column === last || text.length <= CELL_MAX;
    return isShort ? text : `${text.slice(0, CELL_MAX - 3)}...`;
  });
}

function columnsOf(headings: readonly string[], rows: readonly (readonly string[])[]): Columns {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return { headings, rows, widths };
}

/** Where the last column begins. */
const indentOf = ({ widths }: Columns): number =>
  widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);

function without({ headings, rows }: Columns, heading: string): Columns {
  const column = headings.indexOf(heading);
  const cut = <Cell>(cells: readonly Cell[]): Cell[] =>
    cells.filter((_cell, index) => index !== column);
  return column === -1 ? columnsOf(headings, rows) : columnsOf(cut(headings), rows.map(cut));
}

function fit(whole: Columns, { width, optional = [] }: TableOptions): Columns {
  let columns = whole;
  for (const heading of optional) {
    const needed = Math.min(columns.widths.at(-1) ?? 0, LAST_MIN);
    if (width === undefined || indentOf(columns) + needed <= width) return columns;
    columns = without(columns, heading);
  }
  return columns;
}

/** Lines of at most `width` characters, broken between words where there are any. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const cut = space > 0 ? space : width;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

/** Rows under headings, every column as wide as its widest cell; the last one may be longer. */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const { width, paint = (_row: number, line: string) => line } = options;
  const clean = rows.map((row) =>
    cleanRow(
      headings.map((_heading, column) => row[column] ?? ''),
      headings.length - 1,
    ),
  );
  const columns = fit(columnsOf(headings, clean), options);
  const { widths } = columns;
  const indent = indentOf(columns);
  const lastMax = width === undefined ? Infinity : Math.max(LAST_MIN, width - indent);
  const padded = (cells: readonly string[]): string =>
    cells.slice(0, -1).reduce((text, cell, at) => text + cell.padEnd(widths[at] ?? 0) + GAP, '');
  const linesOf = (cells: readonly string[]): string[] =>
    wrap(cells.at(-1) ?? '', lastMax).map((part, index) =>
      `${index === 0 ? padded(cells) : ' '.repeat(indent)}${part}`.trimEnd(),
    );
  const rule = widths.map((each, column) =>
    '-'.repeat(column === widths.length - 1 ? Math.min(each, lastMax) : each),
  );
  const body = columns.rows.flatMap((row, at) => linesOf(row).map((line) => paint(at, line)));
  return `${[...linesOf(columns.headings), rule.join(GAP), ...body].join('\n')}\n`;
}
