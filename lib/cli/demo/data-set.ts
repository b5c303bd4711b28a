/** The demo's input: the user's file, else a real public data set of some size. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { ReplicationError, reasonOf } from '../../errors.js';
import { parseJson } from '../parse-json.js';

const DATA_SET = '@mdn/browser-compat-data';

export interface DemoInput {
  readonly path: string;
  /** For people. */
  readonly name: string;
  readonly bytes: number;
}

function dataSetPath(): string {
  try {
    return createRequire(import.meta.url).resolve(DATA_SET);
  } catch (thrown) {
    const message =
      `the data set ${DATA_SET} is not installed here (it comes with "npm ci" in the source ` +
      'folder of replichart): give a JSON file of your own, "replichart demo FILE.json"';
    throw new ReplicationError('INVALID_OPTION', message, { cause: thrown });
  }
}

/**
 * The file to show the demo on; only read, never changed.
 * @throws {ReplicationError} INVALID_OPTION when it is missing or is no JSON
 */
export async function demoInput(file: string | undefined): Promise<DemoInput> {
  const path = file === undefined ? dataSetPath() : resolve(file);
  const bytes = await readFile(path).catch((thrown: unknown) => {
    const why = reasonOf(thrown);
    throw new ReplicationError('INVALID_OPTION', `cannot read ${path}: ${why}`, { cause: thrown });
  });
  // The master reads it again; this is for a person's own file, to refuse it at once.
  const parsed = file === undefined ? { value: null } : parseJson(bytes);
  if ('problem' in parsed) {
    throw new ReplicationError('INVALID_OPTION', `cannot use ${path}: ${parsed.problem}`);
  }
  return { path, name: file ?? `${DATA_SET} (public data)`, bytes: bytes.length };
}
