/** Import direction: machines ◀ lib ◀ test and docs; no circles; a root entry for browsers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Import,
  importCircles,
  importGraph,
  importsOf,
  packageOf,
  reachableFrom,
} from '../support/imports.js';
import { packedSources, readManifest, runtimeDependencies } from '../support/manifest.js';
import { codeSources } from '../support/sources.js';

const test = suite('imports');

const folderOf = (path: string): string => path.split('/', 1)[0] ?? '';
const show = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

function importsIn(folder: 'lib' | 'machines' | 'test' | 'docs'): Import[] {
  const found = codeSources(folder).flatMap(importsOf);
  assert.ok(found.length > 0, `${folder}/ imports nothing: the check would be vacuous`);
  return found;
}

test('the graph sees every form of import', () => {
  const text = [
    "import a, { type B } from './b.js';",
    "import type { C } from './c.js';",
    "export * from './d.js';",
    "import './e.js';",
    'import {',
    '  f,',
    "} from './deep/f.js';",
    "const g = await import('./g.js');",
    "// import no from './no.js';",
  ].join('\n');
  const found = importsOf({ path: 'lib/a.ts', text });
  const seen = found.map(({ target, typeOnly }) => `${target}${typeOnly ? ' (type)' : ''}`).sort();
  const deep = ['lib/b.ts', 'lib/c.ts (type)', 'lib/d.ts', 'lib/deep/f.ts', 'lib/e.ts', 'lib/g.ts'];
  assert.equal(seen, deep);
});

test('a circle of type imports is a circle', () => {
  const graph = importGraph([
    { path: 'lib/a.ts', text: "import type { B } from './b.js';" },
    { path: 'lib/b.ts', text: "import type { C } from './c.js';" },
    { path: 'lib/c.ts', text: "export type { A } from './a.js';" },
  ]);
  assert.equal(importCircles(graph), [['lib/a.ts', 'lib/b.ts', 'lib/c.ts', 'lib/a.ts']]);
});

test('there are no import circles, type imports included', () => {
  const graph = importGraph(codeSources());
  assert.equal(
    importCircles(graph).map((circle) => circle.join(' > ')),
    [],
  );
});

test('every relative import names a source that exists', () => {
  const sources = codeSources();
  const paths = new Set(sources.map(({ path }) => path));
  const lost = sources.flatMap(importsOf).filter((i) => i.target && !paths.has(i.target));
  assert.equal(lost.map(show), []);
});

test('machines/ imports only xstate and its own files', () => {
  const wrong = importsIn('machines').filter(({ specifier, target }) =>
    target === undefined ? specifier !== 'xstate' : folderOf(target) !== 'machines',
  );
  assert.equal(wrong.map(show), []);
});

test('lib/ imports nothing from test/ or docs/', () => {
  const allowed = new Set(['lib', 'machines']);
  const wrong = importsIn('lib').filter((i) => i.target && !allowed.has(folderOf(i.target)));
  assert.equal(wrong.map(show), []);
});

test('examples in docs/ import the package by its name, as a host does', () => {
  const examples = codeSources('docs').filter(({ path }) => path.startsWith('docs/examples/'));
  assert.ok(examples.length > 0, 'docs/examples/ holds no example');
  const wrong = examples.flatMap(importsOf).filter(({ target }) => {
    return target !== undefined && !target.startsWith('docs/examples/');
  });
  assert.equal(wrong.map(show), []);
});

test("nobody imports their own folder's index, or one above it", () => {
  const wrong = [...importsIn('lib'), ...importsIn('machines')].filter(({ from, target }) => {
    if (target === undefined || !target.endsWith('/index.ts')) return false;
    return from.startsWith(target.slice(0, -'index.ts'.length));
  });
  assert.equal(wrong.map(show), []);
});

/** Entries that a browser may load; #platform is the one place where both sides differ. */
const BROWSER_ENTRIES = [
  'lib/index.ts',
  'machines/index.ts',
  'lib/transports/memory/index.ts',
  'lib/transports/nats/index.ts',
  'lib/transports/worker/index.ts',
  'lib/transports/websocket/browser.ts',
  'lib/stores/memory.ts',
  'lib/stores/browser.ts',
  'lib/telemetry/index.ts',
  'lib/telemetry/prometheus.ts',
  'lib/inspector/rows/node-rows.ts',
];

for (const entry of BROWSER_ENTRIES) {
  test(`${entry} loads in a browser: nothing it reaches needs Node`, () => {
    const reached = reachableFrom(importGraph(codeSources()), entry);
    assert.ok(reached.length > 0, 'it imports nothing');
    const nodeOnly = new Set([
      ...['commander', 'ws'],
      ...Object.keys(readManifest().optionalDependencies ?? {}),
    ]);
    const wrong = reached.filter(({ from, specifier }) => {
      if (from === 'lib/platform/node.ts') return false;
      return specifier.startsWith('node:') || nodeOnly.has(packageOf(specifier) ?? '');
    });
    assert.equal(wrong.map(show), []);
  });
}

test('packages that lib/ and machines/ import are declared, and declared ones used', () => {
  const used = new Set<string>();
  const isPacked = packedSources(readManifest());
  const undeclared: string[] = [];
  const declared = runtimeDependencies(readManifest());
  for (const found of [...importsIn('lib'), ...importsIn('machines')]) {
    const name = packageOf(found.specifier);
    if (name === undefined) continue;
    used.add(name);
    // What is only bundled for the pages brings its packages with it.
    if (!isPacked(found.from)) continue;
    if (!declared.includes(name)) undeclared.push(show(found));
  }
  assert.equal(undeclared, []);
  assert.equal(
    declared.filter((name) => !used.has(name)),
    [],
    'declared and unused',
  );
});

test('what is packed imports nothing of what is only bundled', () => {
  const isPacked = packedSources(readManifest());
  const wrong = importsIn('lib').filter(({ from, target, typeOnly }) => {
    return !typeOnly && target !== undefined && isPacked(from) && !isPacked(target);
  });
  assert.equal(wrong.map(show), []);
});

test('tests and docs import declared packages and this one', () => {
  const manifest = readManifest();
  const declared = new Set([
    manifest.name,
    ...runtimeDependencies(manifest),
    ...Object.keys(manifest.devDependencies),
  ]);
  const wrong = [...importsIn('test'), ...importsIn('docs')].filter(({ specifier }) => {
    const name = packageOf(specifier);
    return name !== undefined && !declared.has(name);
  });
  assert.equal(wrong.map(show), []);
});

test.run();
