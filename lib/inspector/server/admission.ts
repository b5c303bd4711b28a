/**
 * Who is let in (A12). A page of another site can make a browser send requests here: its Origin and
 * Sec-Fetch-Site give it away, and a name that was rebound to this address gives itself away by
 * Host. The token then tells people from everybody else. All of it is decided by headers alone.
 */
import type { IncomingMessage } from 'node:http';
import { addressOf, isLoopback } from '../../transports/addresses.js';
import { isBearer } from './token.js';

export interface Refusal {
  readonly status: number;
  /** For people; holds nothing that was sent. */
  readonly reason: string;
}

/** What a path of this server is, as far as admission goes. */
export interface Door {
  readonly method: 'GET' | 'POST';
  /** The page itself holds nothing worth hiding, and a browser cannot send a token with a link. */
  readonly needsToken: boolean;
}

export interface Guard {
  /** As the host of the process wrote it. */
  readonly host: string;
  readonly port: number;
  /** Null where there is nothing to protect. */
  readonly token: string | null;
}

const HTTP_PORT = 80;

/** Exactly the names by which this connection may be meant: its own address, and `localhost`. */
function hostsOf({ socket }: IncomingMessage, { host, port }: Guard): ReadonlySet<string> {
  const local = (socket.localAddress ?? '').replace(/^::ffff:/, '');
  const names = [local, host, ...(isLoopback(local) ? ['localhost'] : [])];
  const hosts = names.map((name) => addressOf(name.toLowerCase(), port));
  // Browsers leave this port out.
  if (port === HTTP_PORT) hosts.push(...names.map((name) => name.toLowerCase()));
  return new Set(hosts);
}

/** One header, and only one: of two, proxies and servers may believe different ones. */
function single({ rawHeaders }: IncomingMessage, name: string): string | null | undefined {
  let found: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== name) continue;
    if (found !== undefined) return null;
    found = rawHeaders[index + 1];
  }
  return found;
}

function isForeign(request: IncomingMessage, hosts: ReadonlySet<string>): boolean {
  const origin = single(request, 'origin');
  if (origin === undefined) return false;
  return origin === null || ![...hosts].some((host) => origin === `http://${host}`);
}

/** A link on another site may open the page; nothing else of another site may reach anything. */
function isCrossSite({ headers }: IncomingMessage, needsToken: boolean): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const isLink =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return needsToken || !isLink;
}

/** Null: let in. */
export function refusalOf(request: IncomingMessage, door: Door, guard: Guard): Refusal | null {
  const hosts = hostsOf(request, guard);
  const host = single(request, 'host')?.toLowerCase();
  if (host === undefined || !hosts.has(host)) {
    return { status: 403, reason: 'the Host header names another server; open the printed link' };
  }
  if (isForeign(request, hosts) || isCrossSite(request, door.needsToken)) {
    return { status: 403, reason: 'pages of another origin have no access' };
  }
  if (request.method !== door.method) {
    return { status: 405, reason: `only ${door.method} is answered here` };
  }
  if (!door.needsToken || guard.token === null) return null;
  if (isBearer(single(request, 'authorization') ?? undefined, guard.token)) return null;
  return { status: 401, reason: 'the token is missing or wrong; open the whole printed link' };
}
