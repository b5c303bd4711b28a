/** Which browser the tests drive: `$CHROMIUM`, else what Debian and others install. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws with what to install when there is none */
export function findChromium(): string {
  const asked = process.env.CHROMIUM;
  if (asked !== undefined && asked !== '') {
    if (isExecutable(asked)) return asked;
    throw new Error(`$CHROMIUM is ${asked}, which is no program that can be started`);
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = found.find(isExecutable);
  if (path !== undefined) return path;
  throw new Error(
    'no browser: install one (apt-get install chromium), or set CHROMIUM to its path',
  );
}
