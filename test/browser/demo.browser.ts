/** `replichart demo --inspect`: its page shows the nodes of the demo, on this machine alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withCli } from '../support/cli-process.js';
import { keepPicture } from './support/screenshots.js';
import { visit, withBrowser } from './support/visit.js';

const test = suite('demo in a browser');

const SLAVES = 2;
const LINK = /http:\/\/127\.0\.0\.1:\d+\/\S*#token=[\w-]+/;

// No error in the console, and no request that leaves loopback: `visit` holds every page to it.
test(`demo --inspect prints a link, whose page shows one master and ${SLAVES} slaves`, () =>
  withCli(async (start) => {
    const demo = start('demo', '--slaves', `${SLAVES}`, '--inspect', '0');
    const linkOf = () => LINK.exec(demo.stdout + demo.stderr)?.[0];
    await demo.until('a link', () => linkOf() !== undefined);
    const link = linkOf();
    if (link === undefined) throw new Error(demo.told());
    await withBrowser((browser) =>
      visit(browser, link, async ({ page }) => {
        await page.waitForFunction((slaves) => {
          const rows = [...document.querySelectorAll<HTMLElement>('[data-testid="node-row"]')];
          const versions = rows.map(({ dataset }) => Number(dataset.version));
          const masters = rows.filter(({ dataset }) => dataset.role === 'master');
          const copies = rows.filter(({ dataset }) => dataset.role === 'slave');
          // What is shown has the demo's data: version 0 would be a node that never got any.
          const hasData = versions.every((version) => version > 0);
          return masters.length === 1 && copies.length === slaves && hasData;
        }, SLAVES);
        assert.is(await page.getByTestId('source').getAttribute('data-state'), 'live');
        await page.locator('[data-testid="statechart"] [data-active="true"]').first().waitFor();
        await page.getByTestId('tab-sequence').click();
        await page.getByTestId('sequence-row').first().waitFor();
        await keepPicture(page, 'inspector-demo');
      }),
    );
  }));

test.run();
