/** TCP: `tcpListen` for the master, `tcpConnect` for slaves. For Node only. */

export type { TcpPeers } from '../certificate-names.js';
export type { Secret, SecretKey } from '../keyring.js';
export { type TcpSlaveTransport, tcpConnect } from './connect.js';
export type { TcpCredentials } from './credentials.js';
export { type TcpMasterTransport, tcpListen } from './listen.js';
export type { TcpCommonOptions, TcpConnectOptions, TcpListenOptions } from './settings.js';
