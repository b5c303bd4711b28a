/** What the model checker and the simulator find opens in the page, as any recording does. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withCli } from '../support/cli-process.js';
import { packageRoot } from '../support/package-root.js';
import { runCommand } from '../support/run-command.js';
import { keepPicture } from './support/screenshots.js';
import { visit, withBrowser } from './support/visit.js';

const test = suite('counterexamples in a browser');

const SEARCH_MS = 200_000;

/** Each with a bug put in, which it has to find. */
const SEARCHES: Readonly<Record<string, readonly string[]>> = {
  simulator: ['simulation/main.js', '--bug', 'taken-twice', '--seeds', '200'],
  model: ['model/main.js', '--mutant', 'what was committed is committed again'],
};

for (const [name, [program = '', ...words]] of Object.entries(SEARCHES)) {
  test(`a counterexample of the ${name}`, async () => {
    const folder = join(packageRoot, 'build/recordings');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.jsonl`);
    const command = [join(packageRoot, 'dist/test', program), ...words, '--recording', file];
    const found = await runCommand(process.execPath, command, { deadlineMs: SEARCH_MS });
    assert.is(found.code, 0, `${found.stdout}${found.stderr}`);
    await withCli(async (start) => {
      const { link } = await start('replay', file, '--json').event('inspector');
      await withBrowser((browser) =>
        visit(browser, link, async ({ page }) => {
          await page.locator('[data-testid="source"][data-state="whole"]').waitFor();
          await page.locator('[data-testid="node-row"][data-role="slave"]').first().waitFor();
          await page.locator('[data-testid="node-row"][data-role="master"]').first().waitFor();
          // At its end all may be stopped: what led there is before it.
          await page.getByTestId('slider').evaluate((element) => {
            const slider = element as HTMLInputElement;
            slider.value = String(Number(slider.max) / 2);
            slider.dispatchEvent(new Event('input', { bubbles: true }));
          });
          await page.locator('[data-testid="statechart"] [data-active="true"]').first().waitFor();
          await page.getByTestId('tab-sequence').click();
          await page.getByTestId('sequence-row').first().waitFor();
          await keepPicture(page, `counterexample-${name}`);
        }),
      );
    });
  });
}

test.run();
