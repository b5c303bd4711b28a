import { suite } from 'uvu';
import { assertPrograms } from '../support/claims-process.js';
import { withSettings } from '../support/claims-settings.js';

const test = suite('claim 49');

test('claim 49: version, check and request, as a program product', () =>
  withSettings((cluster) => assertPrograms(cluster, 'stop'), { slaves: [] }));

test.run();
