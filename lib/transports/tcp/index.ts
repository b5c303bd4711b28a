/** TCP: `tcpListen` for the master, `tcpConnect` for slaves. For Node only. */

export type { Secret, SecretKey } from '../keyring.js';
export { tcpConnect } from './connect.js';
export { type TcpMasterTransport, tcpListen } from './listen.js';
export type { TcpCommonOptions, TcpConnectOptions, TcpListenOptions } from './settings.js';
