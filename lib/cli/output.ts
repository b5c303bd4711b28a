/** What the commands print: lines for people, one JSON object a line for programs. */
import * as util from 'node:util';

/** Values that a JSON line can carry beside its text. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Output {
  readonly json: boolean;
  /** Something happened. `fields` are for programs, `text` is for people. */
  event(name: string, text: string, fields?: Fields): void;
  /** Something is wrong, and the command goes on. */
  problem(name: string, text: string, fields?: Fields): void;
  /** A line that the next one replaces; only where a person looks at a terminal. */
  progress(text: string): void;
  /** Text as it is: a table, or a whole JSON document. */
  raw(text: string): void;
}

/** Where an output goes: `process` has this shape. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';
export type Paint = (style: Style, text: string) => string;

const ERASE_LINE = '\r\u001b[K';
const COLUMNS_DEFAULT = 80;

/** Colours where a person looks and did not say NO_COLOR. Node before 20.12 has no styleText. */
export function paintFor({ stdout, env }: Streams): Paint {
  const style = (util as { styleText?: (style: Style, text: string) => string }).styleText;
  const wanted = stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  if (!wanted || style === undefined) return (_style, text) => text;
  return (name, text) => style(name, text);
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

class JsonOutput implements Output {
  readonly json = true;
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  event(name: string, text: string, fields: Fields = {}): void {
    const at = new Date().toISOString();
    this.raw(`${JSON.stringify({ event: name, at, text, ...fields })}\n`);
  }

  problem(name: string, text: string, fields: Fields = {}): void {
    this.event(name, text, { problem: true, ...fields });
  }

  progress(): void {}

  raw(text: string): void {
    this.#streams.stdout.write(text);
  }
}

class LineOutput implements Output {
  readonly json = false;
  readonly #streams: Streams;
  readonly #paint: Paint;
  #pending = false;

  constructor(streams: Streams) {
    this.#streams = streams;
    this.#paint = paintFor(streams);
  }

  event(_name: string, text: string): void {
    this.raw(`${this.#paint('dim', clock())} ${text}\n`);
  }

  problem(_name: string, text: string): void {
    this.raw(`${this.#paint('dim', clock())} ${this.#paint('yellow', text)}\n`);
  }

  progress(text: string): void {
    const { stdout } = this.#streams;
    if (stdout.isTTY !== true) return;
    // Longer than the line it would wrap, and could not be erased. Some terminals say 0 columns.
    const width = (stdout.columns || COLUMNS_DEFAULT) - 1;
    stdout.write(ERASE_LINE + text.slice(0, width));
    this.#pending = true;
  }

  raw(text: string): void {
    if (this.#pending) this.#streams.stdout.write(ERASE_LINE);
    this.#pending = false;
    this.#streams.stdout.write(text);
  }
}

export function makeOutput(streams: Streams, json: boolean): Output {
  return json ? new JsonOutput(streams) : new LineOutput(streams);
}
