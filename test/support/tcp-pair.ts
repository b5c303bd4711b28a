/** A listener and its slaves with sinks that write down, and whether it still lets good ones in. */
import * as assert from 'uvu/assert';
import type { ErrorCode } from '../../lib/errors.js';
import {
  type TcpConnectOptions,
  type TcpListenOptions,
  type TcpMasterTransport,
  type TcpSlaveTransport,
  tcpConnect,
  tcpListen,
} from '../../lib/transports/tcp/index.js';
import { RecordingSink, until } from './recording-sink.js';

export interface Listening {
  readonly transport: TcpMasterTransport;
  readonly sink: RecordingSink;
  readonly port: number;
}

export async function listening(options: Partial<TcpListenOptions> = {}): Promise<Listening> {
  const transport = tcpListen({ port: 0, ...options });
  const sink = new RecordingSink();
  await transport.open(sink);
  return { transport, sink, port: transport.port };
}

export interface Connecting {
  readonly transport: TcpSlaveTransport;
  readonly sink: RecordingSink;
}

export async function connecting(options: TcpConnectOptions): Promise<Connecting> {
  const transport = tcpConnect({ reconnectMsMax: 50, ...options });
  const sink = new RecordingSink();
  await transport.open(sink);
  return { transport, sink };
}

/** A slave with these options joins, its frame arrives, and it goes. */
export async function stillServes(
  { sink, port }: Listening,
  options: Partial<TcpConnectOptions> = {},
): Promise<void> {
  const before = sink.frames.length;
  const good = await connecting({ port, ...options });
  await until('a good slave joined', () => good.sink.joins.length > 0);
  good.transport.send(good.sink.peer, Buffer.from('good'));
  await until('its frame', () => sink.frames.length > before);
  assert.is(Buffer.from(sink.frames.at(-1) ?? []).toString(), 'good');
  await good.transport.close();
}

/** What is refused is refused for what it is: time must not come first on a slow machine. */
const PATIENT_MS = 30_000;

export interface Refusal {
  readonly master: ErrorCode;
  readonly slave: ErrorCode;
  /** In the words told on either side. */
  readonly says?: RegExp;
}

/** Neither side joins, and each is told its code; the words of both, the master's first. */
export async function refused(
  listen: Partial<TcpListenOptions>,
  connect: Partial<TcpConnectOptions>,
  expected: Refusal,
): Promise<readonly string[]> {
  const master = await listening({ handshakeTimeoutMs: PATIENT_MS, ...listen });
  const slave = await connecting({
    port: master.port,
    handshakeTimeoutMs: PATIENT_MS,
    ...connect,
  });
  try {
    const [here, there] = [master.sink.troubles, slave.sink.troubles];
    await until('told on both sides', () => here.length * there.length > 0);
    assert.is(here[0]?.code, expected.master, here[0]?.message);
    assert.is(there[0]?.code, expected.slave, there[0]?.message);
    assert.is(master.sink.joins.length + slave.sink.joins.length, 0);
    const words = [here[0]?.message ?? '', there[0]?.message ?? ''];
    if (expected.says !== undefined) assert.match(words.join('\n'), expected.says);
    return words;
  } finally {
    await slave.transport.close();
    await master.transport.close();
  }
}
