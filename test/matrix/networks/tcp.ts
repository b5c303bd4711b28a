/** TCP: bare, with a shared secret, and with certificates. */
import {
  type TcpConnectOptions,
  type TcpListenOptions,
  tcpConnect,
  tcpListen,
} from '../../../lib/transports/tcp/index.js';
import { hasOpenssl, selfSigned } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import type { MatrixNetworkKind } from '../network.js';

type Sides = {
  readonly listen: Partial<TcpListenOptions>;
  readonly connect: Partial<TcpConnectOptions>;
};

function kind(name: string, sides: () => Sides, unavailable = () => null as string | null) {
  return {
    name,
    unavailable,
    open: async () => {
      const port = await freePort();
      const { listen, connect } = sides();
      return {
        listen: () => tcpListen({ port, ...listen }),
        connect: () => tcpConnect({ port, reconnectMsMax: 50, ...connect }),
        close: async () => undefined,
      };
    },
  } satisfies MatrixNetworkKind;
}

function certified(): Sides {
  const master = selfSigned('master');
  const slave = selfSigned('slave');
  return {
    listen: { tls: { ...master, ca: slave.cert } },
    connect: { tls: { ...slave, ca: master.cert } },
  };
}

const secret = 'matrix secret';
const NO_OPENSSL = 'the openssl command is missing (apt-get install openssl)';

export const tcp = kind('tcp', () => ({ listen: {}, connect: {} }));
export const tcpSecret = kind('tcp, secret', () => ({ listen: { secret }, connect: { secret } }));
export const tcpTls = kind('tcp, tls', certified, () => (hasOpenssl() ? null : NO_OPENSSL));
