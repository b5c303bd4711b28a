/** A plain HTTP server that listens, takes requests within limits, and turns all else away. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asReplicationError, ReplicationError } from '../../errors.js';
import { addressOf } from '../../transports/addresses.js';
import type { ServerLimits } from './limits.js';
import { refuse } from './replies.js';

type Take = (request: IncomingMessage, response: ServerResponse) => void;

export function makeHttpServer(limits: ServerLimits, take: Take): Server {
  const { headerBytesMax, headersMs, requestMs, connectionsMax } = limits;
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      // What is late is found by looking: four times in the shortest time that is allowed.
      connectionsCheckingInterval: Math.ceil(Math.min(headersMs, requestMs) / 4),
    },
    take,
  );
  server.maxConnections = connectionsMax;
  // It shows what a host does; when the host is done, it must not keep the process alive.
  server.on('connection', (socket: Socket) => socket.unref());
  makeRoom(server, Math.ceil(connectionsMax / 2));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => turnAway(error, socket));
  const refuseSocket = (_request: IncomingMessage, socket: Duplex): void => {
    // A WebSocket is never wanted here, from whatever origin.
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  };
  server.on('upgrade', refuseSocket);
  server.on('connect', refuseSocket);
  const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
    refuse(response, { status: 417, reason: 'no Expect header is answered' });
  };
  server.on('checkContinue', refuseExpectation);
  server.on('checkExpectation', refuseExpectation);
  return server;
}

/**
 * Connections that ask nothing keep nobody out: past half of all there may be, the one that has
 * been idle longest makes room. Those that are being answered stay.
 */
function makeRoom(server: Server, idleMax: number): void {
  const idle = new Set<Socket>();
  const rests = (socket: Socket): void => {
    if (socket.destroyed) return;
    idle.delete(socket);
    idle.add(socket);
    const [longest] = idle;
    if (idle.size > idleMax) longest?.destroy();
  };
  server.on('connection', (socket: Socket) => {
    socket.on('close', () => idle.delete(socket));
    rests(socket);
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    response.on('close', () => rests(socket));
  });
}

/** @throws {ReplicationError} INVALID_OPTION when it cannot listen there */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    throw listenError(addressOf(host, port), error);
  } finally {
    server.removeAllListeners('error');
  }
  server.unref();
}

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use: give another one, or 0 for any that is free',
  EACCES: 'this user may not listen there: give a port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address: give one of its own, or 127.0.0.1',
};

function listenError(where: string, error: unknown): ReplicationError {
  const advice = ADVICE[(error as NodeJS.ErrnoException).code ?? ''];
  const what = `the inspector cannot listen on ${where}`;
  if (advice === undefined) return asReplicationError(error, 'INVALID_OPTION', what);
  return new ReplicationError('INVALID_OPTION', `${what}: ${advice}`, { cause: error });
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** What is no request gets a status line at the most. */
function turnAway(error: NodeJS.ErrnoException, socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}
