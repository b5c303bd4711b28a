/** Addresses of hosts, as people and sockets write them. */
import { isIPv4, isIPv6 } from 'node:net';

/** 127.0.0.0/8, ::1, IPv4 loopback mapped into IPv6, and the name for them. */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  if (isIPv4(plain)) return plain.startsWith('127.');
  return plain === '::1' || plain === 'localhost';
}

export function addressOf(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
