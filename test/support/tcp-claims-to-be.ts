/** A slave's side of TCP, by hand: says frames that no slave of ours says. */

import type { TcpConnectOptions } from '../../lib/transports/tcp/index.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { type Message, PROTOCOL_VERSION } from '../../machines/protocol.js';
import { until } from './recording-sink.js';
import { type Connecting, connecting } from './tcp-pair.js';

export interface Puppet extends Connecting {
  say(message: Message): void;
  /** Kinds of messages it got, and the codes of refusals. */
  heard(): readonly string[];
}

/** @param sender the id it claims */
export async function puppet(
  options: TcpConnectOptions,
  item: string,
  sender: string,
): Promise<Puppet> {
  const made = await connecting(options);
  await until('the puppet joined', () => made.sink.joins.length > 0);
  const envelope = {
    protocol: PROTOCOL_VERSION,
    item,
    lineage: '',
    epoch: { term: 1, start: 1 },
    incarnation: `incarnation of ${sender}`,
    sender,
  };
  return {
    ...made,
    say: (message) => made.transport.send(made.sink.peer, encodeFrame(envelope, message)),
    heard: () =>
      made.sink.frames.map((frame) => {
        const message = decodeFrame(frame);
        return message.kind === 'refused' ? `refused ${message.code}` : message.kind;
      }),
  };
}
