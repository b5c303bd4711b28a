/** Ports for programs and hosts that are told theirs: before they listen, or again after a kill. */
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, and to who asks for any port. */
const PORT_MIN = 20_000;
const PORT_SPAN = 12_000;
/** How far apart processes that were started one after the other begin. */
const PORTS_PER_PROCESS = 100;
/** A port that was handed out is not free before its program listens, and not while it is down. */
let handedOut = 0;

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * A loopback port that nobody else is given. Not one the system would choose: it may choose the
 * same twice before the first is listened on, and who tries to connect to such a one while nobody
 * listens can be given it as its own, and meet itself.
 */
export async function freePort(): Promise<number> {
  while (handedOut < PORT_SPAN) {
    const port = PORT_MIN + ((process.pid * PORTS_PER_PROCESS + handedOut) % PORT_SPAN);
    handedOut += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${PORT_MIN} to ${PORT_MIN + PORT_SPAN - 1} is left`);
}
