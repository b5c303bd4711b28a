/** UDP multicast: `udpListen` for the master, `udpConnect` for slaves. For Node only. */

export type { Secret, SecretKey } from '../keyring.js';
export { type UdpSlaveTransport, udpConnect } from './connect.js';
export { type UdpMasterTransport, udpListen } from './listen.js';
export type { UdpConnectOptions, UdpListenOptions } from './settings.js';
export type { UdpConnectTraffic, UdpListenTraffic } from './traffic.js';
