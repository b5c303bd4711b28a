/** The inspector's page on a master with relays: the whole tree, and who is behind below them. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Veto } from '../../lib/errors.js';
import { createInspector } from '../../lib/inspector/create-inspector.js';
import { document as documentLayer } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createRelay } from '../../lib/relay/index.js';
import { createSlave } from '../../lib/slave.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';
import { checkBasics, checkWidth } from './support/basics.js';
import { keepPicture } from './support/screenshots.js';
import { visit, withBrowser } from './support/visit.js';

const test = suite('inspector in a browser: relays');

const WAIT = { timeout: 20_000 };

interface Settings {
  readonly theme: string;
}

interface Watched {
  readonly link: string;
  readonly update: (theme: string) => Promise<number>;
}

/** relay-2 below relay-1; till-7, which takes no dark theme, below relay-2. */
async function withTree(work: (watched: Watched) => Promise<void>): Promise<void> {
  await using inspector = createInspector({ port: 0, print: () => undefined });
  const { link } = await inspector.start();
  const network = memoryNetwork();
  const [item, { inspect }] = ['settings', inspector];
  const data = documentLayer<Settings>({ theme: 'light' });
  const transport = network.listen('master');
  await using master = createMaster({ item, data, transport, inspect, heartbeat: 100 });
  await using upper = createRelay({
    item,
    id: 'relay-1',
    upstream: network.connect({ to: 'master', name: 'relay-1' }),
    downstream: network.listen('relay-1'),
    inspect,
  });
  await using lower = createRelay({
    item,
    id: 'relay-2',
    upstream: network.connect({ to: 'relay-1', name: 'relay-2' }),
    downstream: network.listen('relay-2'),
  });
  const prepare = ({ theme }: Settings) => {
    if (theme === 'dark') throw new Veto('its screen has no dark theme');
  };
  await using till = createSlave({
    item,
    id: 'till-7',
    data: documentLayer<Settings>({ theme: 'light' }, { prepare }),
    transport: network.connect({ to: 'relay-2', name: 'till-7' }),
  });
  for (const node of [master, upper, lower, till]) await node.start();
  await till.current(WAIT);
  const update = async (theme: string) => (await master.data.set({ theme })).version;
  await work({ link, update });
}

const counts = (page: Page, text: string) => page.getByTestId('below-counts').getByText(text);

test('it counts the tree, and names the slave two relays down that is behind, with the reason', () =>
  withTree(({ link, update }) =>
    withBrowser(async (browser) => {
      await visit(browser, link, async ({ page }) => {
        await counts(page, '3 of 3 nodes on version').waitFor();
        assert.is(await page.getByTestId('below-node').count(), 0, 'those who are well');
        const version = await update('dark');
        await counts(page, `2 of 3 nodes on version ${version}; 3 live; 2 relays`).waitFor();
        const till = page.locator('[data-testid="below-node"][data-stage="quarantined"]');
        await till.waitFor();
        const text = (await till.textContent()) ?? '';
        assert.match(text, `till-7 relay-1 > relay-2 version ${version - 1}, quarantined, live: `);
        assert.match(text, 'its screen has no dark theme');
        await keepPicture(page, 'inspector-below');
        await checkBasics(page);
        const relay = page.locator('[data-testid="node-row"][data-node="relay-1"]');
        await relay.getByRole('button').click();
        await page.locator('[data-testid="below"][data-node="relay-1"]').waitFor();
        await counts(page, `1 of 2 nodes on version ${version}; 2 live; 1 relay`).waitFor();
        assert.match((await till.textContent()) ?? '', 'till-7 relay-2 version');
      });
      await visit(
        browser,
        link,
        async ({ page }) => {
          await counts(page, '2 of 3 nodes on version').waitFor();
          await checkBasics(page);
          await checkWidth(page);
        },
        { isPhone: true, scheme: 'dark' },
      );
    }),
  ));

test.run();
