/**
 * Module hook: whoever imports `uvu` gets the recording face instead, so that a test file stays a
 * plain uvu file (`uvu dist/test` runs it too) and the runner still learns every title.
 */
interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

type NextResolve = (specifier: string, context: object) => Resolved | Promise<Resolved>;

const RECORDING_UVU = new URL('./recording-uvu.js', import.meta.url).href;

export function resolve(
  specifier: string,
  context: { readonly parentURL?: string },
  nextResolve: NextResolve,
): Resolved | Promise<Resolved> {
  if (specifier === 'uvu' && context.parentURL !== RECORDING_UVU) {
    return { url: RECORDING_UVU, shortCircuit: true };
  }
  return nextResolve(specifier, context);
}
