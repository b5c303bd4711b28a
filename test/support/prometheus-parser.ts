/**
 * Reads the text format 0.0.4 of Prometheus and refuses whatever its grammar does not allow: each
 * family once, HELP and TYPE before its samples, names and escapes as written in the format.
 */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/;
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

function fail(line: string, what: string): never {
  throw new Error(`${what}: ${line}`);
}

/** Consumes what matches at the start of `rest`. */
function take(pattern: RegExp, rest: string, line: string): string {
  return pattern.exec(rest)?.[0] ?? fail(line, `expected ${pattern} at "${rest}"`);
}

function readQuoted(rest: string, line: string): readonly [text: string, length: number] {
  if (!rest.startsWith('"')) fail(line, 'a label value is quoted');
  let text = '';
  for (let at = 1; at < rest.length; at += 1) {
    const letter = rest[at];
    if (letter === '"') return [text, at + 1];
    if (letter !== '\\') {
      text += letter;
      continue;
    }
    at += 1;
    const escaped = { '\\': '\\', '"': '"', n: '\n' }[rest[at] ?? ''];
    text += escaped ?? fail(line, `unknown escape \\${rest[at]}`);
  }
  return fail(line, 'a quote is not closed');
}

function readLabels(from: string, line: string): readonly [Record<string, string>, string] {
  const labels: Record<string, string> = {};
  let rest = from;
  while (!rest.startsWith('}')) {
    const label = take(LABEL, rest, line);
    if (label in labels) fail(line, `label ${label} twice`);
    rest = rest.slice(label.length);
    if (!rest.startsWith('=')) fail(line, 'a label has a value');
    const [text, length] = readQuoted(rest.slice(1), line);
    labels[label] = text;
    rest = rest.slice(1 + length);
    if (rest.startsWith(',')) rest = rest.slice(1);
    else if (!rest.startsWith('}')) fail(line, 'labels are parted by commas');
  }
  return [labels, rest.slice(1)];
}

function readSample(line: string): { readonly name: string; readonly sample: Sample } {
  const name = take(NAME, line, line);
  let rest = line.slice(name.length);
  let labels: Record<string, string> = {};
  if (rest.startsWith('{')) [labels, rest] = readLabels(rest.slice(1), line);
  if (!rest.startsWith(' ')) fail(line, 'one space before the value');
  const text = rest.slice(1);
  if (!VALUE.test(text)) fail(line, `not a value: "${text}"`);
  return { name, sample: { labels, value: Number(text) } };
}

function readHelp(line: string): readonly [name: string, help: string] {
  const [, name = '', help = ''] = /^# HELP (\S+) (.+)$/.exec(line) ?? fail(line, 'not a HELP');
  if (/\\[^\\n]/.test(help)) fail(line, 'unknown escape in HELP');
  return [name, help];
}

export function parsePrometheus(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (text === '') return families;
  if (!text.endsWith('\n')) throw new Error('the last line ends with a line feed');
  let help: readonly [name: string, help: string] | null = null;
  let open: Family | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('# HELP ')) help = readHelp(line);
    else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = '', ...more] = line.split(' ');
      if (help?.[0] !== name) fail(line, 'TYPE follows the HELP of its family');
      if (!TYPES.has(type) || more.length > 0) fail(line, 'unknown type');
      if (families.has(name)) fail(line, 'a family comes once');
      open = { name, type, help: help[1], samples: [] };
      families.set(name, open);
    } else {
      const { name, sample } = readSample(line);
      if (open?.name !== name) fail(line, 'a sample stands under its own TYPE');
      const key = JSON.stringify(Object.entries(sample.labels).sort());
      const twice = open.samples.some(
        ({ labels }) => JSON.stringify(Object.entries(labels).sort()) === key,
      );
      if (twice) fail(line, 'the same labels twice');
      open.samples.push(sample);
    }
  }
  return families;
}
