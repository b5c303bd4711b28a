/** `replichart` as a host uses it: its public API, by its name, with its defaults. */
import { createMaster, createSlave, document, keyValue } from 'replichart';
import { diskStore } from 'replichart/stores/disk';
import { tcpConnect, tcpListen } from 'replichart/transports/tcp';
import type { Value } from '../../values.js';
import type { MasterSide, SideConfig, SlaveSide } from '../contract.js';
import { inspectionOf } from './inspected.js';
import { ReplichartMaster } from './replichart-master.js';
import { ReplichartSlave } from './replichart-slave.js';
import { SinkLayer } from './sink-layer.js';

const ITEM = 'bench';

type Tree = Record<string, Value>;

function storeOf({ store, folder }: SideConfig) {
  return store === 'disk' ? { store: diskStore(folder) } : {};
}

export async function createMasterSide(config: SideConfig): Promise<MasterSide> {
  const transport = tcpListen({ port: 0 });
  const shared = { item: ITEM, transport, ...storeOf(config), ...inspectionOf(config) };
  if (config.layer !== 'document') {
    const master = createMaster({ ...shared, data: keyValue<Value>() });
    await master.start();
    const { data } = master;
    return new ReplichartMaster(
      master,
      String(transport.port),
      {
        set: (key, value, options) => data.set(key, value, options),
        read: (key) => data.get(key),
      },
      config.slaves,
    );
  }
  const master = createMaster({ ...shared, data: document<Tree>({}) });
  await master.start();
  const { data } = master;
  return new ReplichartMaster(
    master,
    String(transport.port),
    {
      set: (key, value, options) => {
        return data.update((draft) => {
          draft[key] = value;
        }, options);
      },
      read: (key) => data.get()[key],
    },
    config.slaves,
  );
}

export async function createSlaveSide(
  config: SideConfig,
  address: string,
  id: string,
): Promise<SlaveSide> {
  const transport = tcpConnect({ host: '127.0.0.1', port: Number(address) });
  const shared = { item: ITEM, id, transport, ...storeOf(config), ...inspectionOf(config) };
  if (config.layer === 'keyValue') {
    const slave = createSlave({ ...shared, data: keyValue<Value>() });
    const { data } = slave;
    return new ReplichartSlave(slave, {
      subscribe: data.subscribe,
      read: (key) => data.get(key),
      size: () => data.size,
    });
  }
  if (config.layer === 'sink') {
    const sink = new SinkLayer();
    return new ReplichartSlave(createSlave({ ...shared, data: sink }), {
      subscribe: sink.subscribe,
      read: () => undefined,
      size: () => sink.snapshotBytes,
    });
  }
  const slave = createSlave({ ...shared, data: document<Tree>() });
  const { data } = slave;
  return new ReplichartSlave(slave, {
    subscribe: data.subscribe,
    read: (key) => data.get()?.[key],
    size: () => Object.keys(data.get() ?? {}).length,
  });
}
