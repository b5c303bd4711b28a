/**
 * The example docs/examples/browser-slave as it stands: a master process, a site, and pages in
 * headless Chromium that follow it over WebSocket with their copy in IndexedDB.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkBasics, checkWidth } from '../browser/support/basics.js';
import { findChromium } from '../browser/support/find-chromium.js';
import { visit, withBrowser } from '../browser/support/visit.js';
import { freePort } from '../support/free-port.js';
import { packageRoot } from '../support/package-root.js';
import { LineProcess } from './support/line-process.js';
import { bundlePage } from './support/page-bundle.js';

const test = suite('a slave in a browser, over WebSocket');

const DEADLINE_MS = 60_000;
const SECRET = 'the secret of the browser tests';
const program = (name: string) => join(packageRoot, 'dist/docs/examples/browser-slave', name);

/** Bundling the page takes seconds: one site serves all tests, each with a master of its own. */
let site: { readonly process: LineProcess; readonly address: string; readonly masterPort: string };

test.before(async () => {
  const masterPort = `${await freePort()}`;
  const env = {
    SECRET,
    SITE_PORT: `${await freePort()}`,
    MASTER: `ws://127.0.0.1:${masterPort}/replichart`,
  };
  const started = new LineProcess(program('site.js'), { folder: tmpdir(), env });
  const line = await started.line((said) => 'site' in said, 3 * DEADLINE_MS);
  site = { process: started, address: `${line.site}`, masterPort };
});

test.after(() => site.process.kill());

/** The master of one test, with its folder. */
class Master {
  readonly #folder = mkdtempSync(join(tmpdir(), 'replichart-board-'));
  #process: LineProcess | null = null;

  get process(): LineProcess {
    if (this.#process === null) throw new Error('the master is not running');
    return this.#process;
  }

  async start(): Promise<void> {
    const env = {
      SECRET,
      MASTER_PORT: site.masterPort,
      SITE: new URL(site.address).origin,
    };
    this.#process = new LineProcess(program('master.js'), { folder: this.#folder, env });
    await this.#process.line((line) => 'listening' in line, DEADLINE_MS);
  }

  async change(board: object): Promise<Readonly<Record<string, unknown>>> {
    const answers = (line: object) => 'version' in line || 'refused' in line;
    return this.process.ask(board, answers, DEADLINE_MS);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = null;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function withMaster(work: (master: Master) => Promise<void>): Promise<void> {
  const master = new Master();
  try {
    await master.start();
    await work(master);
  } finally {
    await master.end();
  }
}

/** A line of a console where something went wrong is a failure: `visit` sees to it. */
const withPage = (work: (master: Master, page: Page) => Promise<void>) =>
  withMaster((master) =>
    withBrowser((browser) => visit(browser, site.address, ({ page }) => work(master, page))),
  );

const shows = (page: Page, price: number) =>
  page.waitForFunction((wanted) => {
    return document.getElementById('price')?.textContent === `${wanted}`;
  }, price);

const isLive = (page: Page) => page.locator('#state[data-link="live"]').waitFor();

const logOf = (page: Page) => page.locator('#log li').allTextContents();

const logged = (page: Page, text: string) =>
  page.locator('#log li', { hasText: text }).first().waitFor();

/** What the page's console says of a master that is not there, and of nothing else. */
const isAbsence = (text: string) => /WebSocket connection to .* failed: .*CONNECTION/.test(text);

test("a page's bundle holds neither the package ws nor anything of Node", async () => {
  const { script, inputs } = await bundlePage('docs/examples/browser-slave/page.ts');
  assert.ok(inputs.some((path) => path.endsWith('transports/websocket/browser.js')));
  const wrong = /node_modules\/ws\/|platform\/node\.js|websocket\/index\.js|\(disabled\)/;
  assert.equal(
    inputs.filter((path) => wrong.test(path)),
    [],
  );
  assert.not.match(script, /require\(|from ?"node:/);
  console.log(`  the page's script, not minified: ${Math.round(script.length / 1024)} KiB`);
});

function declareVotes(): void {
  test('it follows, votes no with a reason that the master gets, and votes yes', () =>
    withPage(async (master, page) => {
      await shows(page, 4);
      await isLive(page);
      await master.change({ price: 5 });
      await shows(page, 5);

      await page.getByLabel('Refuse prices above').fill('9');
      const refused = await master.change({ price: 12, method: 'two-phase' });
      assert.is(refused.refused, 'ABORTED');
      assert.equal(refused.reasons, ['this till shows no price above 9']);
      await logged(page, 'voted no to 12');
      assert.is(await page.locator('#price').textContent(), '5', 'nobody sees what was aborted');

      const agreed = await master.change({ price: 8, method: 'two-phase' });
      // ack: 'applied': when the master's task resolves the page has it.
      assert.is(await page.locator('#price').textContent(), '8');
      assert.is(await page.locator('#version').textContent(), `${agreed.version}`);
      await checkBasics(page);
      await checkWidth(page);
    }));
}

function declareCache(): void {
  test('reloaded, it serves its copy before the master answers, and while there is none', () =>
    withMaster((master) =>
      withBrowser(async (browser) => {
        const wrongs: string[] = [];
        const page = await (await browser.newContext()).newPage();
        page.setDefaultTimeout(DEADLINE_MS);
        page.on('pageerror', (error) => wrongs.push(error.stack ?? error.message));
        page.on('console', (message) => {
          const isWrong = ['error', 'warning'].includes(message.type());
          if (isWrong && !isAbsence(message.text())) wrongs.push(message.text());
        });
        await page.goto(site.address);
        await shows(page, 4);
        // So a whole state would show below, too.
        await logged(page, 'received a snapshot');
        await master.change({ price: 6 });
        await shows(page, 6);
        await servesBeforeTheMaster(page);
        await servesWithoutMaster(master, page);
        assert.equal(wrongs, []);
      }),
    ));
}

async function servesBeforeTheMaster(page: Page): Promise<void> {
  await page.reload();
  await isLive(page);
  const lines = await logOf(page);
  const cachedAt = lines.findIndex((line) => line.startsWith('cached version'));
  assert.ok(cachedAt >= 0 && cachedAt < lines.indexOf('link live'), lines.join('\n'));
  assert.not.ok(
    lines.some((line) => line.startsWith('received')),
    lines.join('\n'),
  );
}

async function servesWithoutMaster(master: Master, page: Page): Promise<void> {
  await master.kill();
  await page.reload();
  await shows(page, 6);
  await logged(page, 'NOT_RUNNING');
  assert.is(await page.locator('#state').getAttribute('data-link'), 'joining');
  await master.start();
  await master.change({ price: 7 });
  await shows(page, 7);
  await isLive(page);
  const lines = await logOf(page);
  assert.not.ok(
    lines.some((line) => line.includes('snapshot')),
    lines.join('\n'),
  );
}

function declareRefusals(): void {
  test('A12: a page of another Origin is refused, even if it has the secret', () =>
    withPage(async (master, page) => {
      await isLive(page);
      // The same site by another name of this machine is another Origin.
      const other = site.address.replace('127.0.0.1', 'localhost');
      const second = await page.context().newPage();
      await second.goto(other);
      await logged(second, 'NOT_RUNNING');
      const words = await second.locator('#log').textContent();
      assert.match(words ?? '', '"origins"');
      const told = await master.process.line(
        (line) => line.trouble === 'UNAUTHORIZED',
        DEADLINE_MS,
      );
      assert.match(`${told.reason}`, new URL(other).origin);
      assert.is(await second.locator('#version').textContent(), '0', 'it got nothing');
    }));

  test('a second tab of the same till is told to close the first; the first goes on', () =>
    withPage(async (master, page) => {
      await isLive(page);
      const second = await page.context().newPage();
      await second.goto(site.address);
      await logged(second, 'STORE_FAILED');
      assert.match((await second.locator('#log').textContent()) ?? '', 'another tab');
      await master.change({ price: 3 });
      await shows(page, 3);
    }));
}

try {
  findChromium();
  declareVotes();
  declareCache();
  declareRefusals();
} catch (thrown) {
  test.skip(`SKIPPED: ${(thrown as Error).message}`, () => {});
}

test.run();
