/** Arguments of the `npm run check:...` commands: --help, --seed, counts and flags. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line is wrong; nothing was started. */
export const EXIT_WRONG_ARGUMENTS = 2;

type Options = NonNullable<ParseArgsConfig['options']>;
type Values = Readonly<Record<string, string | boolean | undefined>>;

function refuse(what: string, help: string): never {
  console.error(`${what}\n\n${help}`);
  process.exit(EXIT_WRONG_ARGUMENTS);
}

/** A whole number from `min`; what is none ends the process with exit code 2. */
export function countArgument(values: Values, name: string, min: number, help: string): number {
  const text = values[name];
  const value = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min) return value;
  return refuse(`--${name} takes a whole number from ${min}`, help);
}

/** One of `allowed`; anything else ends the process with exit code 2. */
export function choiceArgument<T extends string>(
  values: Values,
  name: string,
  allowed: readonly T[],
  help: string,
): T | undefined {
  const text = values[name];
  if (text === undefined || allowed.includes(text as T)) return text as T | undefined;
  return refuse(`--${name} takes one of: ${allowed.join(', ')}`, help);
}

/**
 * Parses the command line. `--help` prints `help` and ends the process with 0; an unknown or
 * ill-formed argument prints both and ends it with 2.
 */
export function checkArguments(options: Options, help: string): Values {
  try {
    const config = { options: { ...options, help: { type: 'boolean' as const } } };
    const { values } = parseArgs(config);
    if (values.help !== true) return values as Values;
  } catch (thrown) {
    return refuse(thrown instanceof Error ? thrown.message : String(thrown), help);
  }
  console.log(help);
  return process.exit(0);
}
