/** Worker threads and processes of one host: `workerListen` for the master, `workerConnect`. */
export type { WorkerPort, WorkerProcess, WorkerTarget } from './channel.js';
export { workerConnect } from './connect.js';
export { type WorkerMasterTransport, workerListen } from './listen.js';
export { isReplichartMessage } from './message.js';
export type {
  WorkerCommonOptions,
  WorkerConnectOptions,
  WorkerListenOptions,
} from './settings.js';
