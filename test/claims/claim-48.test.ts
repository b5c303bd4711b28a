import { suite } from 'uvu';
import { assertCheckAtJoin, assertCheckWhileRunning } from '../support/claims-check.js';
import { flagChangesOf, withFlags } from '../support/claims-flags.js';
import { assertBothMethods } from '../support/claims-methods.js';
import { HEARTBEAT } from '../support/claims-settings.js';

const test = suite('claim 48');

test('claim 48: version, check and request, as a readable medium', () =>
  withFlags(
    async (cluster) => {
      const { data } = cluster.master;
      await assertCheckAtJoin(cluster, { behind: 'b', current: 'a' }, () => data.set('on', 'yes'));
      await assertCheckWhileRunning(cluster, { behind: 'a', current: 'b' }, () =>
        data.delete('on'),
      );
      await assertBothMethods(cluster, flagChangesOf(cluster));
    },
    // The code and what it keeps are both read from the disk, a medium that a computer reads.
    { ...HEARTBEAT, isOnDisk: true },
  ));

test.run();
