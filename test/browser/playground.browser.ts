/** `replichart playground`: real nodes in a browser, and everything that can be done to them. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withCli } from '../support/cli-process.js';
import { checkBasics, checkWidth, tabTo } from './support/basics.js';
import { keepPicture } from './support/screenshots.js';
import { type Look, visit, withBrowser } from './support/visit.js';

const test = suite('playground in a browser');

const SLAVES_AT_START = 3;

function withPlayground(work: (page: Page) => Promise<void>, look: Look = {}): Promise<void> {
  return withCli(async (start) => {
    const { link } = await start('playground', '--json').event('playground');
    await withBrowser((browser) =>
      visit(
        browser,
        link,
        async ({ page }) => {
          await agreed(page, SLAVES_AT_START);
          await work(page);
        },
        look,
      ),
    );
  });
}

interface Shown {
  readonly stage?: string;
  readonly value?: string;
}

const node = (page: Page, id: string, { stage, value }: Shown = {}) => {
  const demands = [
    `[data-testid="node-${id}"]`,
    ...(stage === undefined ? [] : [`[data-stage="${stage}"]`]),
    ...(value === undefined ? [] : [`[data-value="${value}"]`]),
  ];
  return page.locator(demands.join(''));
};

/** Waits until the master and so many slaves are at rest and show the same value and version. */
async function agreed(page: Page, slaves: number, value?: string): Promise<void> {
  const wanted = { slaves, value: value ?? null };
  await page.waitForFunction(({ slaves: count, value: shown }) => {
    const nodes = [...document.querySelectorAll<SVGElement>('[data-testid="picture"] .play-node')];
    const isAtRest = nodes.every(({ classList }) => classList.contains('good'));
    const values = new Set(nodes.map(({ dataset }) => dataset.value));
    const versions = new Set(nodes.map(({ dataset }) => dataset.version));
    const isSame = values.size === 1 && versions.size === 1;
    return nodes.length === count + 1 && isAtRest && isSame && (!shown || values.has(shown));
  }, wanted);
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function told(page: Page, text: RegExp): Promise<void> {
  await page.getByTestId('told').getByText(text).first().waitFor();
}

test('a change of either method, and bursts, reach every node', () =>
  withPlayground(async (page) => {
    await press(page, 'One-phase change');
    await agreed(page, 3, 'teal 1');
    await press(page, 'Two-phase change');
    await agreed(page, 3, 'rose 2');
    await press(page, '20 at once, one-phase');
    await agreed(page, 3, 'plum 22');
    const states = await page.getByTestId('play-changes').locator('li').all();
    assert.ok(states.length > 0);
    for (const each of states) assert.is(await each.getAttribute('data-state'), 'made');
  }));

test('it converges after a partition', () =>
  withPlayground(async (page) => {
    await press(page, 'Cut the link of slave-2');
    await press(page, 'One-phase change');
    await node(page, 'slave-1', { value: 'teal 1' }).waitFor();
    await node(page, 'slave-2', { value: 'amber 0', stage: 'stale' }).waitFor();
    // The inspector's own table says so, too, and why.
    const row = page.locator('[data-testid="node-row"][data-node="slave-2"]');
    await row.and(page.locator(':not([data-severity="good"])')).waitFor();
    assert.match((await row.textContent()) ?? '', /heard|silent|lost|behind/);
    await keepPicture(page, 'playground-partition');
    await press(page, 'Cut the link of slave-2');
    await agreed(page, 3, 'teal 1');
  }));

test('killed nodes, the master as well, come back with what their disks hold', () =>
  withPlayground(async (page) => {
    await press(page, 'One-phase change');
    await agreed(page, 3, 'teal 1');
    await press(page, 'Kill slave-1');
    await press(page, 'Kill master');
    await node(page, 'master', { stage: 'dead' }).waitFor();
    await press(page, 'Two-phase change');
    await page.getByText('the master is dead: restart it first').waitFor();
    await press(page, 'Restart master');
    await press(page, 'Restart slave-1');
    await agreed(page, 3, 'teal 1');
  }));

test('slaves are added up to eight and removed down to one', () =>
  withPlayground(async (page) => {
    const add = page.getByRole('button', { name: 'Add a slave' });
    for (let count = 4; count <= 8; count += 1) {
      await add.click();
      await node(page, `slave-${count}`).waitFor();
    }
    assert.ok(await add.isDisabled());
    await agreed(page, 8);
    await keepPicture(page, 'playground-eight');
    for (let count = 8; count > 1; count -= 1) {
      await press(page, `Remove slave-${count}`);
      await node(page, `slave-${count}`).waitFor({ state: 'detached' });
    }
    assert.ok(await page.getByRole('button', { name: 'Remove slave-1' }).isDisabled());
    await agreed(page, 1);
  }));

const ENDS: Readonly<Record<string, RegExp>> = {
  veto: /not made: .*slave-1/,
  partition: /is current again/,
  decision: /Nothing was lost/,
  lossy: /All copies are equal/,
  slow: /All copies are equal/,
};

for (const [id, end] of Object.entries(ENDS)) {
  test(`the experiment "${id}" plays to its end`, () =>
    withPlayground(async (page) => {
      await page.getByTestId(`play-${id}`).click();
      await told(page, end);
      await page.waitForFunction((button) => {
        const element = document.querySelector(`[data-testid="${button}"]`);
        return element instanceof HTMLButtonElement && !element.disabled;
      }, `play-${id}`);
      await agreed(page, 3);
      assert.is(await page.getByRole('alert').count(), 0);
    }));
}

test('in slow motion the messages of a round are seen one after the other', () =>
  withPlayground(async (page) => {
    await page.locator('#rate').fill('0.1');
    // Three seconds for each message: a page that stands still for one misses none.
    await page.locator('#delay').fill('300');
    await press(page, 'Two-phase change');
    for (const kind of ['prepare', 'vote', 'commit', 'ack']) {
      await page.locator(`[data-testid="flights"] [data-kind="${kind}"]`).first().waitFor();
    }
    await page.locator('#rate').fill('1');
    await agreed(page, 3, 'teal 1');
  }));

test('all of it is reached by the keyboard alone', () =>
  withPlayground(async (page) => {
    await tabTo(page, 'Two-phase change');
    await page.keyboard.press('Enter');
    await agreed(page, 3, 'teal 1');
    await tabTo(page, 'slave-3 says no to the next change');
    await page.keyboard.press('Space');
    await page.locator('button[aria-pressed="true"][aria-label*="says no"]').waitFor();
    await tabTo(page, 'A slave says no');
    await page.keyboard.press('Enter');
    await told(page, /not made: .*slave-1/);
  }));

const LOOKS: Readonly<Record<string, Look>> = {
  light: {},
  dark: { scheme: 'dark' },
  phone: { isPhone: true },
  still: { isStill: true, scheme: 'dark' },
};

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: names, contrast and width are as they should be`, () =>
    withPlayground(async (page) => {
      await page.locator('#delay').fill('600');
      await press(page, 'Two-phase change');
      await page.locator('[data-kind="prepare"]').first().waitFor();
      await keepPicture(page, `playground-${name}`);
      await checkBasics(page);
      await checkWidth(page);
    }, look));
}

test.run();
