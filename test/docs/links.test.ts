import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { anchorOf, linkProblem, linksOf } from '../support/links.js';
import { pages, type Source } from '../support/sources.js';

const test = suite('links in the docs');

test('links are found in prose only, and broken ones named', () => {
  const lines = ['# T', '[a](gone.md)', '`[b](no.md)`', '```', '[c](no.md)', '```', '[d](#t)'];
  const page: Source = { path: 'CONTRIBUTING.md', text: lines.join('\n') };
  const links = linksOf(page);
  assert.equal(
    links.map(({ target }) => target),
    ['gone.md', '#t'],
  );
  const [gone] = links;
  assert.ok(gone);
  assert.is(linkProblem(gone), 'CONTRIBUTING.md:2 links to gone.md, which does not exist');
  assert.is(anchorOf('`ABORTED`: nothing changed'), 'aborted-nothing-changed');
});

test('every link into this package leads somewhere', () => {
  const links = pages().flatMap(linksOf);
  assert.ok(links.length > 0, 'the pages link to nothing');
  const problems = links.map(linkProblem).filter((problem) => problem !== undefined);
  assert.equal(problems, []);
});

test('every page in docs/ can be reached from README.md', () => {
  const all = new Map(pages().map((page) => [page.path, page]));
  const reached = new Set(['README.md']);
  for (const path of reached) {
    const page = all.get(path);
    if (page === undefined) continue;
    for (const { target } of linksOf(page)) {
      if (/^[a-z]+:/i.test(target)) continue;
      const base = new URL(target, `file:///${path}`).pathname.slice(1);
      if (base.endsWith('.md')) reached.add(base);
    }
  }
  assert.equal(
    [...all.keys()].filter((path) => !reached.has(path)),
    [],
  );
});

test.run();
