/** Masters and slaves of this process, over message ports or through another process. */
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { TransportPair } from '../../lib/testing/index.js';
import {
  type WorkerConnectOptions,
  type WorkerListenOptions,
  type WorkerTarget,
  workerConnect,
  workerListen,
} from '../../lib/transports/worker/index.js';

export interface WorkerPairOptions {
  readonly listen?: WorkerListenOptions;
  readonly connect?: WorkerConnectOptions;
}

/** Two ends that are each other's other side. */
export interface Ends {
  open(): readonly [near: WorkerTarget, far: WorkerTarget];
  close(): Promise<void>;
}

/** Message ports, both ends in this thread. */
export function portEnds(): Ends {
  const channels: MessageChannel[] = [];
  return {
    open: () => {
      const channel = new MessageChannel();
      channels.push(channel);
      return [channel.port1, channel.port2];
    },
    close: async () => {
      for (const { port1 } of channels) port1.close();
    },
  };
}

/** Looks like a process, and everything it is sent goes through a real one. */
class Half extends EventEmitter {
  readonly #child: ChildProcess;
  readonly #to: number;

  constructor(child: ChildProcess, own: number, to: number) {
    super();
    this.#child = child;
    this.#to = to;
    child.on('message', (given: { to: number; message: unknown }) => {
      if (given.to === own) this.emit('message', given.message);
    });
  }

  send(
    message: object,
    _handle: undefined,
    _options: undefined,
    callback: (error: Error | null) => void,
  ): boolean {
    return this.#child.send({ to: this.#to, message }, undefined, undefined, callback);
  }
}

/** Both ends in this process, through the channel of a child that echoes. */
export async function processEnds(serialization: 'advanced' | 'json' = 'advanced'): Promise<Ends> {
  const child = fork(new URL('./echo-process.js', import.meta.url), { serialization });
  child.setMaxListeners(0);
  await once(child, 'spawn');
  let ends = 0;
  return {
    open: () => {
      ends += 2;
      return [new Half(child, ends, ends + 1), new Half(child, ends + 1, ends)];
    },
    close: async () => {
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}

/** Each slave has ends of its own. */
export function workerPair(ends: Ends, options: WorkerPairOptions = {}): TransportPair {
  const master = workerListen(options.listen);
  return {
    master,
    connect: () => {
      const [near, far] = ends.open();
      master.add(near);
      return workerConnect(far, { reconnectMsMax: 20, ...options.connect });
    },
    close: () => ends.close(),
  };
}
