import { suite } from 'uvu';
import { assertCheckAtJoin, assertCheckWhileRunning } from '../support/claims-check.js';
import { flagChangesOf, withFlags } from '../support/claims-flags.js';
import { assertBothMethods } from '../support/claims-methods.js';
import { HEARTBEAT } from '../support/claims-settings.js';

const test = suite('claim 50');

test('claim 50: version, check and request, as a system of means', () =>
  withFlags(
    async (cluster) => {
      const { data } = cluster.master;
      const ids = { behind: 'a', current: 'c' };
      await assertCheckAtJoin(cluster, ids, () => data.set('on', 'yes'));
      await assertCheckWhileRunning(cluster, ids, () => data.set('on', 'no'));
      await assertBothMethods(cluster, flagChangesOf(cluster));
    },
    { slaves: ['a', 'b', 'c'], ...HEARTBEAT },
  ));

test.run();
