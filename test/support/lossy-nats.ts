/** A connection to NATS that loses some of what is published over it, as NATS may. */
import type { NatsConnection } from '@nats-io/nats-core';

/**
 * The same connection but for `publish`, which asks `loses` before each message.
 * @param loses whether to lose this message
 */
export function lossyNats(
  connection: NatsConnection,
  loses: (subject: string, bytes: Uint8Array) => boolean,
): NatsConnection {
  return new Proxy(connection, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'publish') return value.bind(target);
      return (subject: string, bytes: Uint8Array) => {
        if (!loses(subject, bytes)) target.publish(subject, bytes);
      };
    },
  });
}
