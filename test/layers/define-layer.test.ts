import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defineLayer } from '../../lib/layers/define.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite("layers: a host's own");

test('what the factories make is handed out, fresh each time', () => {
  const inner = keyValue<number>();
  const definition = defineLayer({
    master: inner.createMasterLayer,
    slave: inner.createSlaveLayer,
  });
  const first = definition.createMasterLayer();
  assert.is(first.size, 0);
  assert.is.not(definition.createMasterLayer(), first);
  assert.is(definition.createSlaveLayer().get('a'), undefined);
});

test('a method that is missing is named, as is a role that is', async () => {
  const definition = defineLayer({ slave: () => ({ position: () => null, commit() {} }) as never });
  assert.match(
    await outcome(() => definition.createSlaveLayer()),
    /^INVALID_OPTION: The slave user layer lacks prepare, abort, installSnapshot/,
  );
  assert.match(
    await outcome(() => definition.createMasterLayer()),
    /^INVALID_OPTION: .*without a master side/,
  );
});

test.run();
