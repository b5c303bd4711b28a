/** The licences of the packages that went into a bundle, which must travel with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** `node_modules/a/b.js` is of package `a`; innermost where they are nested. */
function folderOf(input: string): string | undefined {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  return found?.[1];
}

/** What a package contains beside its own code, and does not say in a licence file. */
const CONTENTS: Readonly<Record<string, string>> = {
  '@viz-js/viz':
    'It contains, compiled to WebAssembly: Graphviz (Eclipse Public License 1.0, sources at\n' +
    'graphviz.org) and Expat (MIT License, sources at libexpat.github.io).',
};

function licenceIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((file) => /^licen[cs]e(\.|$)/i.test(file));
  return name === undefined ? undefined : readFileSync(join(folder, name), 'utf8').trim();
}

function entryOf(folder: string): string {
  const facts = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFacts;
  const title = `${facts.name} ${facts.version} (${facts.license ?? 'unnamed licence'})`;
  const parts = [title, CONTENTS[facts.name], licenceIn(folder)];
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
}

/** One text with the licence of each package among `inputs`, paths relative to `root`. */
export function licencesOf(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.map(folderOf).filter((folder) => folder !== undefined));
  const entries = [...folders]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map(entryOf);
  return [...entries].sort().join(`\n${'-'.repeat(80)}\n\n`);
}
