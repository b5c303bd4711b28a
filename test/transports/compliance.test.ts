/** The published transport suite on every transport of this package. */
import { suite } from 'uvu';
import { type TransportPair, transportSuite } from '../../lib/testing/index.js';
import { type LinkFaults, memoryNetwork } from '../../lib/transports/memory/index.js';
import {
  type TcpConnectOptions,
  type TcpListenOptions,
  tcpConnect,
  tcpListen,
} from '../../lib/transports/tcp/index.js';
import { Authority, hasOpenssl } from '../support/certificates.js';
import { tcpRelay } from '../support/tcp-relay.js';

function memoryPair(seed: number, faults: LinkFaults): TransportPair {
  const network = memoryNetwork({ seed, faults });
  const names = new Map<unknown, string>();
  return {
    master: network.listen(),
    connect: () => {
      const name = `slave-${names.size}`;
      const slave = network.connect({ name, reconnectMsMax: 20 });
      names.set(slave, name);
      return slave;
    },
    cut: (slave) => network.cut('master', names.get(slave) ?? ''),
    close: () => undefined,
  };
}

type Common = Partial<TcpListenOptions & TcpConnectOptions>;

async function tcpPair(listen: Common, connect: Common): Promise<TransportPair> {
  const master = tcpListen({ port: 0, ...listen });
  const relay = await tcpRelay(() => master.port);
  return {
    master,
    connect: () => tcpConnect({ port: relay.port, reconnectMsMax: 20, ...connect }),
    cut: () => relay.cut(),
    close: () => relay.close(),
  };
}

function run(name: string, factory: () => Promise<TransportPair> | TransportPair): void {
  const test = suite(`transport suite: ${name}`);
  transportSuite({ test, deadlineMs: 30_000, factory });
  test.run();
}

const seed = 4711;
const bad: LinkFaults = {
  delayMsMin: 0.2,
  delayMsMean: 1,
  lossRatio: 0.2,
  duplicateRatio: 0.1,
  reorderRatio: 0.2,
  reorderMsMax: 3,
};

run('memory', () => memoryPair(seed, {}));
run('memory with delay', () => memoryPair(seed, { delayMsMin: 0.5, delayMsMean: 2 }));
run(`memory with loss, duplication, reordering (seed ${seed})`, () => memoryPair(seed, bad));
run('tcp', () => tcpPair({}, {}));
const secret = 'suite secret';
run('tcp with a secret', () => tcpPair({ secret }, { secret }));
run('tcp with a secret, unsealed', () => tcpPair({ secret, seal: false }, { secret, seal: false }));

if (hasOpenssl()) {
  const authority = new Authority();
  const master = authority.issue('master', 'main');
  const slave = authority.issue('slave', '*');
  run('tcp with tls', () => tcpPair({ tls: master }, { tls: slave }));
} else {
  const test = suite('transport suite: tcp with tls');
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
  test.run();
}
