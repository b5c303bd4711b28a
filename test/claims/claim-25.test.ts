import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CommitContext } from '../../lib/layers/contract.js';
import type { Position } from '../../machines/protocol.js';
import { only } from '../support/claims-journal.js';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 25');

test('claim 25: the slave user layer checks the version of its data', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { layer, slave } = cluster.member('a');
      await setTheme(cluster, 'dark');
      await cluster.reached('a');
      const commit = only(journal.calls('a', 'commit'), 'commit');
      const [delta, next, context] = commit.args as [unknown, Position, CommitContext];
      assert.equal(layer.position(), next, 'it answers for the version of what it stores');

      // Told to take what it holds already, or what is older, it checks the version and does not.
      await setTheme(cluster, 'grey');
      await cluster.reached('a');
      const told: number[] = [];
      slave.data.subscribe(({ position }) => told.push(position.version));
      const held = slave.data.get();
      await layer.commit(delta, next, context);
      assert.is(slave.data.get(), held);
      assert.is(held.theme, 'grey');
      assert.is(layer.position()?.version, cluster.version);
      assert.equal(told, []);

      // What is newer than its version it takes.
      await setTheme(cluster, 'sepia');
      await cluster.reached('a');
      assert.equal(told, [cluster.version]);
      assert.is(slave.data.get().theme, 'sepia');
    },
    { slaves: ['a'] },
  ));

test.run();
