import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 15');
const THEMES = ['dark', 'grey', 'sepia', 'green'];

test('claim 15: a packet with a delta between successive states', () =>
  withSettings(
    async (cluster) => {
      const { journal, master } = cluster;
      const points = [pointOf(master.position)];
      for (const theme of THEMES) {
        await setTheme(cluster, theme);
        points.push(pointOf(master.position));
      }
      await cluster.confirmed();
      const deltas = journal.received('a', 'announce').map(({ message }) => message.links.at(-1));
      assert.equal(
        deltas.map((link) => [link?.from, link?.to]),
        THEMES.map((_, index) => [points[index], points[index + 1]]),
        'each leads from the state before it to the one after, without a gap',
      );
      assert.ok(deltas.every((link) => link?.payload?.body instanceof Uint8Array));
      assert.is(journal.calls('a', 'commit').length, THEMES.length);
      assert.equal(journal.sent('a', 'request'), []);
    },
    { slaves: ['a'] },
  ));

function pointOf(position: { readonly version: number; readonly digest: string } | null) {
  return { version: position?.version, digest: position?.digest };
}

test.run();
