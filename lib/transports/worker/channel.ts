/** A port, a thread or a process: sends objects, tells of those that come and of its end. */
import { ReplicationError } from '../../errors.js';

/** A MessagePort, a Worker, `parentPort`, or `self` in a browser's worker. */
export interface WorkerPort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

/** A child process, a worker of `node:cluster`, or `process` in either. */
export interface WorkerProcess {
  send?(
    message: object,
    handle: undefined,
    options: undefined,
    callback: (error: Error | null) => void,
  ): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

export type WorkerTarget = WorkerPort | WorkerProcess;

export interface Channel {
  /** Whether memory can be handed over rather than copied. */
  readonly isOneProcess: boolean;
  /** What it is, for people. */
  readonly name: string;
  post(message: object, transfer: ArrayBuffer[]): void;
  /** The target itself is the host's and stays. */
  stop(): void;
}

export interface ChannelOwner {
  message(message: unknown): void;
  /** Nothing passes any more, for good. Called once, and not after `stop`. */
  ended(why: string): void;
}

type Listener = (...values: unknown[]) => void;

interface Emitter {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

interface BrowserTarget {
  addEventListener(event: string, listener: (event: { data?: unknown }) => void): void;
  removeEventListener(event: string, listener: (event: { data?: unknown }) => void): void;
  start?(): void;
}

interface Described {
  readonly threadId?: unknown;
  readonly pid?: unknown;
  readonly process?: { readonly pid?: unknown };
}

function nameOf(target: object): string {
  const { threadId, pid, process: inner } = target as Described;
  if (typeof threadId === 'number') return `thread ${threadId}`;
  const number = pid ?? inner?.pid;
  return typeof number === 'number' ? `process ${number}` : 'port';
}

/** @returns what undoes it */
function listenTo(target: object, owner: ChannelOwner): () => void {
  if (typeof (target as Partial<Emitter>).on !== 'function') {
    const browser = target as BrowserTarget;
    const message = (event: { data?: unknown }) => owner.message(event.data);
    const close = () => owner.ended('its port was closed');
    browser.addEventListener('message', message);
    browser.addEventListener('close', close);
    browser.start?.();
    return () => {
      browser.removeEventListener('message', message);
      browser.removeEventListener('close', close);
    };
  }
  const emitter = target as Emitter;
  const listeners: ReadonlyArray<readonly [string, Listener]> = [
    ['message', (message) => owner.message(message)],
    ['close', () => owner.ended('its port was closed')],
    ['exit', () => owner.ended('it ended')],
    ['disconnect', () => owner.ended('its process disconnected')],
  ];
  for (const [event, listener] of listeners) emitter.on(event, listener);
  return () => {
    for (const [event, listener] of listeners) emitter.off(event, listener);
  };
}

/** Whether objects can be sent to it. */
export function isTarget(target: unknown): target is WorkerTarget {
  if (typeof target !== 'object' || target === null) return false;
  const { postMessage, send } = target as Readonly<Record<string, unknown>>;
  return typeof postMessage === 'function' || typeof send === 'function';
}

/** @throws {ReplicationError} INVALID_OPTION */
export function checkTarget(where: string, target: unknown): asserts target is WorkerTarget {
  if (isTarget(target)) return;
  const message =
    `${where} takes a Worker, a MessagePort, or a process with a channel: one that was forked, ` +
    "or spawned with 'ipc' among its stdio";
  throw new ReplicationError('INVALID_OPTION', message);
}

/** Of the ways in which one end shows (its events, each message that fails) the first is told. */
function endingOnce(owner: ChannelOwner): { readonly owner: ChannelOwner; over(): void } {
  let isOver = false;
  const ended = (why: string) => {
    if (isOver) return;
    isOver = true;
    owner.ended(why);
  };
  const over = () => {
    isOver = true;
  };
  return { owner: { message: (message) => owner.message(message), ended }, over };
}

export function openChannel(target: WorkerTarget, given: ChannelOwner): Channel {
  const name = nameOf(target);
  const { owner, over } = endingOnce(given);
  const unlisten = listenTo(target, owner);
  const stop = () => {
    over();
    unlisten();
  };
  if ('postMessage' in target) {
    const post = (message: object, transfer: ArrayBuffer[]) =>
      target.postMessage(message, transfer);
    return { isOneProcess: true, name, post, stop };
  }
  const failed = (error: Error | null) => {
    if (error !== null) owner.ended(error.message);
  };
  const post = (message: object) => {
    target.send?.(message, undefined, undefined, failed);
  };
  return { isOneProcess: false, name, post, stop };
}
