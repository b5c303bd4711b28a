/** What a browser is served: small enough, whole, and all of it from here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { licencesOf } from '../../docs/tools/bundled-licences.js';
import { importGraph, reachableFrom } from '../support/imports.js';
import { packageRoot } from '../support/package-root.js';
import { codeSources } from '../support/sources.js';

const test = suite('page bundle');

const ASSETS = join(packageRoot, 'dist/lib/inspector/page/assets');
const COMPRESSED_MAX = 1_000_000;

const assets = (): string[] => {
  assert.ok(existsSync(ASSETS), 'no pages: npm run build');
  return readdirSync(ASSETS);
};
const textOf = (name: string): string => readFileSync(join(ASSETS, name), 'utf8');

test('all assets together are below a megabyte, compressed', () => {
  const names = assets();
  assert.ok(names.includes('page.js') && names.includes('page.css'));
  const sizes = names.map((name) => gzipSync(readFileSync(join(ASSETS, name))).length);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(whole < COMPRESSED_MAX, `${whole} bytes`);
});

/** Files that loading one loads at once: not those of `import()`. */
function loadedWith(name: string): Set<string> {
  const found = new Set([name]);
  for (const each of found) {
    for (const [, other] of textOf(each).matchAll(/(?:from|import)"\.\/([\w.-]+)"/g)) {
      if (other !== undefined) found.add(other);
    }
  }
  return found;
}

test('the layout of charts is loaded when a chart is looked at, not before', () => {
  const layout = assets().filter((name) => name.startsWith('viz-'));
  assert.is(layout.length, 1, 'the layout is not in a file of its own');
  const first = loadedWith('page.js');
  assert.ok(first.size > 1, 'the files of the page import nothing: the check would be vacuous');
  assert.equal(
    [...first].filter((name) => layout.includes(name)),
    [],
  );
});

test('documents hold no script and no style of their own, and name only files that are here', () => {
  const documents = assets().filter((name) => name.endsWith('.html'));
  assert.ok(documents.includes('index.html'));
  for (const name of documents) {
    const text = textOf(name);
    assert.not.match(text, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const [, target = ''] of text.matchAll(/\s(?:src|href)="([^"]*)"/g)) {
      assert.ok(target === 'data:,' || assets().includes(target), `${name} names ${target}`);
    }
  }
});

test('no sheet asks for anything', () => {
  for (const name of assets().filter((each) => each.endsWith('.css'))) {
    assert.not.match(textOf(name), /url\(|@import/);
  }
});

test('no code is made from text, which the policy of the page forbids', () => {
  for (const name of assets().filter((each) => each.endsWith('.js'))) {
    assert.not.match(textOf(name), /\bnew Function\(|[^.\w]eval\(/, name);
  }
});

test('the licences of what is bundled travel with it', () => {
  const text = textOf('LICENSES.txt');
  for (const name of ['preact', '@preact/signals', 'uplot', '@viz-js/viz', 'xstate']) {
    assert.match(text, new RegExp(`^${name} \\d`, 'm'));
  }
  assert.match(text, /Graphviz \(Eclipse Public License/);
});

test('a package is named once, however many of its files are bundled', () => {
  const inputs = ['node_modules/preact/a.js', 'node_modules/preact/b.js', 'lib/x.js'];
  assert.is(licencesOf(packageRoot, inputs).match(/^preact /gm)?.length, 1);
});

test('the root entry loads nothing of the page', () => {
  const pages = /^lib\/inspector\/(page|timeline|playground|server|rows)\/|\.tsx$/;
  const graph = importGraph(codeSources());
  const reached = reachableFrom(graph, 'lib/index.ts');
  assert.ok(reached.length > 50);
  assert.equal(
    reached.filter(({ target }) => target !== undefined && pages.test(target)),
    [],
  );
});

test.run();
