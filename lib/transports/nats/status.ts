/**
 * What a connection tells of itself, to everybody who asks, over one iterator: an iterator of its
 * own for each transport could not be ended before the connection's next event.
 */
import type { NatsConnection, Status } from '@nats-io/nats-core';

type Listener = (status: Status) => void;

/** By connection, so that transports on two connections never meet. */
const listeners = new WeakMap<NatsConnection, Set<Listener>>();

async function tellAll(connection: NatsConnection, told: ReadonlySet<Listener>): Promise<void> {
  try {
    for await (const status of connection.status()) {
      for (const listener of [...told]) listener(status);
    }
  } finally {
    listeners.delete(connection);
  }
}

/** Listens until the returned function is called. A listener must not throw. */
export function watchStatus(connection: NatsConnection, listener: Listener): () => void {
  let told = listeners.get(connection);
  if (told === undefined) {
    told = new Set();
    listeners.set(connection, told);
    // The client ends its iterators without an error; one that did would be as one that closed.
    tellAll(connection, told).catch(() => undefined);
  }
  const set = told;
  set.add(listener);
  return () => void set.delete(listener);
}
