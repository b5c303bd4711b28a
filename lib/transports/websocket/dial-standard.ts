/** Dials with the runtime's own WebSocket. */
import { ReplicationError } from '../../errors.js';
import type { Channel } from './channel.js';
import { type StandardSocket, standardChannel } from './standard-channel.js';

type StandardClass = new (url: string) => StandardSocket;

/** The runtime's class, looked up at each call: a host may bring one of its own. */
export function ownWebSocket(): StandardClass | undefined {
  return (globalThis as { WebSocket?: StandardClass }).WebSocket;
}

/** @throws {ReplicationError} INVALID_OPTION where the runtime has none */
export function dialStandard(url: string): Channel {
  const Own = ownWebSocket();
  if (Own === undefined) {
    const message = 'this runtime has no WebSocket of its own: use a browser, or Node';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  return standardChannel(new Own(url));
}
