import { suite } from 'uvu';
import { assertCheckAtJoin, assertCheckWhileRunning } from '../support/claims-check.js';
import { assertBothMethods } from '../support/claims-methods.js';
import { changesOf, HEARTBEAT, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 41');

test('claim 41: a slave compares the version and requests a delta', () =>
  withSettings(
    async (cluster) => {
      await assertCheckAtJoin(cluster, { behind: 'a', current: 'b' }, () =>
        setTheme(cluster, 'dark'),
      );
      await assertCheckWhileRunning(cluster, { behind: 'b', current: 'a' }, () =>
        setTheme(cluster, 'grey'),
      );
      await assertBothMethods(cluster, changesOf(cluster));
    },
    { ...HEARTBEAT },
  ));

test.run();
