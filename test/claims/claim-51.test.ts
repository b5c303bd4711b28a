import { suite } from 'uvu';
import { assertPrograms } from '../support/claims-process.js';
import { withSettings } from '../support/claims-settings.js';

const test = suite('claim 51');

test('claim 51: version, check and request, as code on a processor', () =>
  withSettings((cluster) => assertPrograms(cluster, 'kill'), { slaves: [] }));

test.run();
