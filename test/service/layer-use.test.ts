/** What hosts share by mistake or on purpose: one layer object, one transport of several items. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';

const test = suite('service: layers and transports that are shared');

test('a layer object that runs already is refused, and free again after a stop', async () => {
  const network = memoryNetwork();
  const layer = document({ a: 1 }).createMasterLayer();
  const [first, second] = ['first', 'second'].map((item) =>
    createMaster({ item, data: layer, transport: network.listen(item) }),
  );
  assert.ok(first !== undefined && second !== undefined);
  await first.start();
  for (const _ of [1, 2]) {
    const error = await second.start().then(
      () => null,
      (thrown: unknown) => thrown as { code: string; message: string },
    );
    assert.is(error?.code, 'INVALID_OPTION');
    assert.match(error?.message ?? '', /user layer .* is in use/);
  }
  const { version } = await layer.update((draft) => {
    draft.a = 2;
  });
  assert.is(first.position?.version, version);
  await first.stop();
  await second.start();
  await second.stop();
});

test('an item that was stopped is refused in the name of those still served', async () => {
  const network = memoryNetwork();
  const transport = network.listen('master');
  const masters = ['kept', 'stopped'].map((item) =>
    createMaster({ item, data: document({ a: 1 }), transport }),
  );
  for (const master of masters) await master.start();
  await masters[1]?.stop();
  const connect = network.connect({ to: 'master', name: 's' });
  const slave = createSlave({ item: 'stopped', data: document(), transport: connect, id: 's' });
  const refused = new Promise<string>((resolve) => {
    slave.on('trouble', ({ reason }) => resolve(reason));
  });
  await slave.start();
  assert.is(await refused, 'item "stopped" is not served here; served are "kept"');
  await slave.stop();
  await masters[0]?.stop();
});

test.run();
