/** TCP: bare, with a shared secret, and with certificates. */
import {
  type TcpConnectOptions,
  type TcpListenOptions,
  tcpConnect,
  tcpListen,
} from '../../../lib/transports/tcp/index.js';
import { Authority, hasOpenssl } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import type { MatrixNetworkKind } from '../network.js';

interface Sides {
  readonly listen: Partial<TcpListenOptions>;
  connect(id: string): Partial<TcpConnectOptions>;
}

function kind(name: string, sides: () => Sides, unavailable = () => null as string | null) {
  return {
    name,
    unavailable,
    open: async () => {
      const port = await freePort();
      const { listen, connect } = sides();
      return {
        listen: () => tcpListen({ port, ...listen }),
        connect: (id) => tcpConnect({ port, reconnectMsMax: 50, ...connect(id) }),
        close: async () => undefined,
      };
    },
  } satisfies MatrixNetworkKind;
}

/** A slave's certificate holds its id: with another's it could not join. */
function certified(): Sides {
  const authority = new Authority();
  return {
    listen: { tls: authority.issue('master', 'master') },
    connect: (id) => ({ tls: authority.issue('slave', id) }),
  };
}

const secret = 'matrix secret';
const NO_OPENSSL = 'the openssl command is missing (apt-get install openssl)';

export const tcp = kind('tcp', () => ({ listen: {}, connect: () => ({}) }));
export const tcpSecret = kind('tcp, secret', () => ({
  listen: { secret },
  connect: () => ({ secret }),
}));
export const tcpTls = kind('tcp, tls', certified, () => (hasOpenssl() ? null : NO_OPENSSL));
