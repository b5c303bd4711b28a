/** The inspector's page on a real cluster of processes: what it shows is what happens. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withCli } from '../support/cli-process.js';
import { checkBasics, checkWidth, tabTo } from './support/basics.js';
import { FORBIDDEN, VETO_REASON, type WatchedCluster, withCluster } from './support/cluster.js';
import { keepPicture, updateImage } from './support/screenshots.js';
import { type Look, visit, withBrowser } from './support/visit.js';

const test = suite('inspector in a browser');

type Seen = { readonly page: Page; readonly cluster: WatchedCluster };

const watched = (work: (seen: Seen) => Promise<void>): Promise<void> =>
  withCluster((cluster) =>
    withBrowser((browser) =>
      visit(browser, cluster.link, async ({ page }) => {
        await current(page, 3);
        await work({ page, cluster });
      }),
    ),
  );

const row = (page: Page, node: string, more = '') =>
  page.locator(`[data-testid="node-row"][data-node="${node}"]${more}`);

/** One master and so many slaves that are where it is. */
async function current(page: Page, slaves: number): Promise<void> {
  await page.waitForFunction((count) => {
    const rows = [...document.querySelectorAll<HTMLElement>('[data-testid="node-row"]')];
    const masters = rows.filter(({ dataset }) => dataset.role === 'master');
    const copies = rows.filter(({ dataset }) => dataset.role === 'slave');
    const version = masters[0]?.dataset.version;
    const isSame = copies.every(({ dataset }) => {
      return dataset.version === version && dataset.stage === 'current';
    });
    return masters.length === 1 && copies.length === count && isSame;
  }, slaves);
}

const lit = (page: Page, state: string) =>
  page.locator(`[data-testid="statechart"] [data-state="${state}"][data-active="true"]`);

const change = (page: Page, stage: string) =>
  page.locator(`[data-testid="change-row"][data-stage="${stage}"]`);

/** Version by node and stages of changes, as the page shows them now. */
const summary = (page: Page) =>
  page.evaluate(() => ({
    nodes: [...document.querySelectorAll<HTMLElement>('[data-testid="node-row"]')]
      .map(({ dataset }) => `${dataset.node} ${dataset.role} ${dataset.version}`)
      .sort(),
    changes: [...document.querySelectorAll<HTMLElement>('[data-testid="change-row"]')].map(
      ({ dataset }) => `${dataset.change} ${dataset.method} ${dataset.stage} ${dataset.version}`,
    ),
  }));

test('it lists one master and three slaves', () =>
  watched(async ({ page }) => {
    const roles = await page
      .getByTestId('node-row')
      .evaluateAll((rows) => rows.map((each) => (each as HTMLElement).dataset.role).sort());
    assert.equal(roles, ['master', 'slave', 'slave', 'slave']);
    assert.is(await page.getByTestId('source').getAttribute('data-state'), 'live');
  }));

test('a two-phase update lights preparing, then committing', () =>
  watched(async ({ page, cluster }) => {
    await row(page, 'master').getByRole('button').click();
    await lit(page, 'serving.round.idle').waitFor();
    await cluster.change('second');
    // Both are looked at in one moment: the next one may be that of the commit.
    await page.waitForFunction(() => {
      const isLit = (state: string) =>
        document.querySelector(
          `[data-testid="statechart"] [data-state="serving.round.${state}"][data-active="true"]`,
        ) !== null;
      return isLit('preparing') && !isLit('committing');
    });
    await keepPicture(page, 'inspector-preparing');
    await updateImage(page, 'inspector');
    await lit(page, 'serving.round.idle').waitFor();
    await current(page, 3);
    // Committing lasts some milliseconds: it is found again by going back in time.
    await page.getByLabel('Step by').selectOption('actor');
    const order: string[] = [];
    for (let steps = 0; steps < 2_000 && order.at(-1) !== 'preparing'; steps += 1) {
      await page.getByTestId('step-back').click();
      for (const state of ['committing', 'preparing']) {
        const isLit = (await lit(page, `serving.round.${state}`).count()) > 0;
        if (isLit && order.at(-1) !== state) order.push(state);
      }
    }
    assert.equal(order, ['committing', 'preparing']);
    await page.getByTestId('to-end').click();
    await lit(page, 'serving.round.idle').waitFor();
  }));

test('a veto shows the slave and its reason', () =>
  watched(async ({ page, cluster }) => {
    await page.getByTestId('tab-changes').click();
    await cluster.change(FORBIDDEN);
    await change(page, 'aborted').waitFor();
    await page.getByTestId('veto-reason').first().waitFor();
    await change(page, 'aborted').click();
    const detail = (await page.getByTestId('change-detail').textContent()) ?? '';
    assert.match(detail, 'slave-2');
    assert.match(detail, `vetoed: ${VETO_REASON}`);
    await keepPicture(page, 'inspector-veto');
    for (const id of ['slave-1', 'slave-2', 'slave-3']) {
      assert.not.match(await cluster.copyOf(id), FORBIDDEN);
    }
  }));

test('a killed slave turns stale, and current after its restart', () =>
  watched(async ({ page, cluster }) => {
    await cluster.slave('slave-3').stop('SIGKILL');
    await row(page, 'slave-3', '[data-stage="stale"][data-severity="bad"]').waitFor();
    const reason = await row(page, 'slave-3').getByTestId('node-reason').textContent();
    assert.match(reason ?? '', /^killed or unreachable: nothing heard for \d/);
    await row(page, 'slave-3').getByTestId('node-link').getByText('stale').waitFor();
    await keepPicture(page, 'inspector-stale');
    await cluster.startSlave('slave-3');
    await current(page, 3);
  }));

test('the slider brings an earlier moment back, in every view', () =>
  watched(async ({ page, cluster }) => {
    await page.getByTestId('tab-changes').click();
    const before = await row(page, 'master').getAttribute('data-version');
    await cluster.change('second');
    await page.waitForFunction((version) => {
      const master = document.querySelector<HTMLElement>('[data-node="master"]');
      return Number(master?.dataset.version) > Number(version);
    }, before);
    await current(page, 3);
    await change(page, 'applied').waitFor();
    const slider = page.getByTestId('slider');
    const max = Number(await slider.getAttribute('max'));
    let place = max;
    let version = '';
    while (place > 0 && version !== before) {
      place = Math.max(0, place - max / 40);
      await slider.fill(String(Math.round(place)));
      await page.waitForTimeout(50);
      version = (await row(page, 'master').getAttribute('data-version')) ?? '';
    }
    assert.is(version, before);
    assert.is(await page.getByTestId('moment').getAttribute('data-live'), 'false');
    assert.is(await change(page, 'applied').count(), 0);
    await page.getByTestId('to-end').click();
    await current(page, 3);
    await change(page, 'applied').waitFor();
  }));

test('a recording opens and shows what the live page showed', () =>
  withCluster((cluster) =>
    withBrowser(async (browser) => {
      let live: Awaited<ReturnType<typeof summary>> | undefined;
      await visit(browser, cluster.link, async ({ page }) => {
        await current(page, 3);
        await page.getByTestId('tab-changes').click();
        await cluster.change('second');
        await change(page, 'applied').waitFor();
        await cluster.change(FORBIDDEN);
        await change(page, 'aborted').waitFor();
        await current(page, 3);
        live = await summary(page);
      });
      await cluster.stopInspector();
      await withCli(async (start) => {
        const { link } = await start('replay', cluster.recording, '--json').event('inspector');
        await visit(browser, link, async ({ page }) => {
          await page.locator('[data-testid="source"][data-state="whole"]').waitFor();
          await page.getByTestId('tab-changes').click();
          await change(page, 'aborted').waitFor();
          assert.is(live?.changes.length, 2);
          assert.equal(await summary(page), live);
          await keepPicture(page, 'inspector-recording');
        });
      });
    }),
  ));

/** Pixels between what is seen of the sequence and its last row. */
const belowSequence = (page: Page) =>
  page.getByTestId('sequence-list').evaluate((list) => {
    return list.scrollHeight - list.scrollTop - list.clientHeight;
  });

test('the sequence follows what comes, until one scrolls up', () =>
  watched(async ({ page, cluster }) => {
    await current(page, 3);
    await page.getByTestId('tab-sequence').click();
    for (let count = 0; count < 6; count += 1) await cluster.changed(`followed ${count}`);
    const newest = page.locator('[data-testid="sequence-row"][data-kind="commit"]').last();
    await newest.waitFor();
    await page.waitForFunction(() => {
      const list = document.querySelector('[data-testid="sequence-list"]');
      if (list === null || list.scrollHeight < 2 * list.clientHeight) return false;
      return list.scrollHeight - list.scrollTop - list.clientHeight < 20;
    });
    const list = page.getByTestId('sequence-list');
    await list.evaluate((element) => {
      element.scrollTop = 0;
    });
    for (let count = 0; count < 2; count += 1) await cluster.changed(`not followed ${count}`);
    assert.ok((await belowSequence(page)) > 100, 'it went on although one had scrolled up');
    await keepPicture(page, 'inspector-sequence-up');
  }));

test('every view is reached by the keyboard alone', () =>
  watched(async ({ page }) => {
    await tabTo(page, 'To the beginning');
    await page.keyboard.press('Enter');
    assert.is(await page.getByTestId('moment').getAttribute('data-live'), 'false');
    await tabTo(page, 'To the end');
    await page.keyboard.press('Enter');
    await tabTo(page, 'slave-1');
    await page.keyboard.press('Enter');
    await page.locator('[data-testid="statechart"] [data-active="true"]').first().waitFor();
    await tabTo(page, 'Sequence');
    await page.getByTestId('sequence').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByTestId('changes').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByTestId('plots').waitFor();
  }));

const LOOKS: Readonly<Record<string, Look>> = {
  light: {},
  dark: { scheme: 'dark' },
  phone: { isPhone: true },
};

test('each view in each look: names, contrast and width are as they should be', () =>
  withCluster(async (cluster) => {
    await withBrowser(async (browser) => {
      await visit(browser, cluster.link, async ({ page }) => {
        await current(page, 3);
        await page.getByTestId('tab-changes').click();
        await cluster.change('second');
        await change(page, 'applied').waitFor();
        await cluster.change(FORBIDDEN);
        await change(page, 'aborted').waitFor();
      });
      for (const [name, look] of Object.entries(LOOKS)) {
        await visit(
          browser,
          cluster.link,
          async ({ page }) => {
            await current(page, 3);
            await page.locator('[data-testid="statechart"] [data-active="true"]').first().waitFor();
            for (const tab of ['sequence', 'changes', 'plots']) {
              await page.getByTestId(`tab-${tab}`).click();
              await page.getByTestId(tab).waitFor();
              await keepPicture(page, `inspector-${tab}-${name}`);
              await checkBasics(page);
            }
            await checkWidth(page);
          },
          look,
        );
      }
    });
  }));

test.run();
