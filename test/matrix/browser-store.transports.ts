/** `browserStore` in headless Chromium: the published suite, two tabs, a reload, a full quota. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../browser/support/find-chromium.js';
import { visit, withBrowser } from '../browser/support/visit.js';
import type { pageStores } from './pages/store-page.js';
import { bundlePage, type PageBundle } from './support/page-bundle.js';
import { servePage } from './support/page-server.js';

const test = suite('browserStore in Chromium');
const MIB = 1024 * 1024;

let bundled: Promise<PageBundle> | undefined;

async function withPage(work: (page: Page, origin: string) => Promise<void>): Promise<void> {
  bundled ??= bundlePage('test/matrix/pages/store-page.ts');
  const server = await servePage('Stores', (await bundled).script);
  try {
    await withBrowser((browser) =>
      visit(browser, server.origin, async ({ page }) => {
        await ready(page);
        await work(page, server.origin);
      }),
    );
  } finally {
    await server.close();
  }
}

async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => 'pageStores' in globalThis);
}

/** Runs in the page, by the name of a function there. */
function call<Name extends keyof typeof pageStores>(
  page: Page,
  name: Name,
  ...args: Parameters<(typeof pageStores)[Name]>
): Promise<Awaited<ReturnType<(typeof pageStores)[Name]>>> {
  const run = ([method, given]: [string, unknown[]]) => {
    const { pageStores: found } = globalThis as unknown as { pageStores: Record<string, unknown> };
    return (found[method] as (...all: unknown[]) => unknown)(...given);
  };
  return page.evaluate(run, [name, args] as [string, unknown[]]) as never;
}

function declare(): void {
  test('the published store suite passes', () =>
    withPage(async (page) => {
      const verdicts = await call(page, 'runSuite');
      assert.ok(verdicts.length >= 7, `${verdicts.length} tests`);
      assert.equal(
        verdicts.filter(({ problem }) => problem !== null),
        [],
      );
    }));

  test('P19: it is durable here, and what was synced is there after a reload', () =>
    withPage(async (page) => {
      assert.ok(await call(page, 'durable'));
      assert.is(await call(page, 'open', 'kept'), null);
      assert.is(await call(page, 'put', 'kept', 'a', 1000), null);
      await page.reload();
      await ready(page);
      // The lock of the page that was is free again, and its content is there.
      assert.is(await call(page, 'open', 'kept'), null);
      assert.is(await call(page, 'lengthOf', 'kept', 'a'), 1000);
    }));

  test('a second tab on the same store is STORE_FAILED and told what to do', () =>
    withPage(async (page, origin) => {
      assert.is(await call(page, 'open', 'mine'), null);
      const second = await page.context().newPage();
      await second.goto(origin);
      await ready(second);
      const refused = await call(second, 'open', 'mine');
      assert.is(refused?.code, 'STORE_FAILED');
      assert.match(refused?.message ?? '', 'another tab');
      assert.match(refused?.message ?? '', 'close that one');
      assert.is(await call(second, 'open', 'other'), null, 'another name is another store');
      assert.is(await call(page, 'put', 'mine', 'a', 10), null, 'the first goes on');
      await call(page, 'close', 'mine');
      assert.is(await call(second, 'open', 'mine'), null, 'when it is closed the next may');
    }));

  test('a full quota is STORE_FAILED with advice, and the store stops: no half batch', () =>
    withPage(async (page, origin) => {
      const session = await page.context().newCDPSession(page);
      const quotaSize = 4 * MIB;
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
      assert.is(await call(page, 'open', 'full'), null);
      assert.is(await call(page, 'put', 'full', 'small', 1000), null);
      const refused = await call(page, 'put', 'full', 'large', 16 * MIB);
      assert.is(refused?.code, 'STORE_FAILED');
      assert.match(refused?.message ?? '', 'QuotaExceededError');
      assert.match(refused?.message ?? '', 'free some');
      const after = await call(page, 'put', 'full', 'small', 1);
      assert.is(after?.code, 'STORE_FAILED', 'F7: nothing more is written until it is reopened');
      await call(page, 'close', 'full');
      assert.is(await call(page, 'open', 'full'), null);
      assert.is(await call(page, 'lengthOf', 'full', 'small'), 1000);
      assert.is(await call(page, 'lengthOf', 'full', 'large'), null);
    }));

  test('what a synced write costs is printed', () =>
    withPage(async (page) => {
      await call(page, 'open', 'timed');
      const times = (await call(page, 'writeTimes', 'timed', 200)).sort((a, b) => a - b);
      const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
      console.log(
        `  synced write of 200 bytes in IndexedDB: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
      );
      assert.is(times.length, 200);
    }));
}

function declareRefusals(): void {
  test('a database that is being deleted is not waited for without end (P22)', () =>
    withPage(async (page) => {
      await call(page, 'deleteWhileOpen', 'replichart-stuck');
      const refused = await call(page, 'open', 'stuck');
      assert.is(refused?.code, 'STORE_FAILED');
      assert.match(refused?.message ?? '', 'close the other pages');
      await call(page, 'letGo');
      assert.is(await call(page, 'open', 'stuck'), null, 'nothing of the first attempt is left');
      assert.is(await call(page, 'put', 'stuck', 'a', 10), null);
    }));

  test('without IndexedDB it is said what to use', () =>
    withPage(async (page) => {
      const refused = await call(page, 'withoutIndexedDB', 'none');
      assert.is(refused?.code, 'STORE_FAILED');
      assert.match(refused?.message ?? '', 'memoryStore()');
    }));
}

function lacking(): string | null {
  try {
    findChromium();
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

const reason = lacking();
if (reason === null) {
  declare();
  declareRefusals();
} else test.skip(`SKIPPED: ${reason}`, () => {});

test.run();
