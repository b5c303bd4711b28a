/** Real bytes to start from: what real masters and slaves said to each other over TCP. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { HELLO_BYTES } from '../../lib/transports/hello.js';
import { FrameReader } from '../../lib/transports/tcp/framing.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { PROOF_BYTES } from '../../lib/transports/tcp/proof.js';
import { decodeFrame } from '../../lib/wire/frame.js';

export const SECRET = 'a secret of the fuzzer';
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

/** What one side of a connection sent. */
export interface Said {
  readonly by: 'master' | 'slave';
  readonly hasSecret: boolean;
  readonly stream: Uint8Array;
}

export interface Corpus {
  readonly said: readonly Said[];
  /** Whole handshakes of either side. */
  readonly handshakes: readonly Said[];
  readonly frames: readonly Uint8Array[];
  /** Frames a master sends; and a slave. */
  readonly masterFrames: readonly Uint8Array[];
  readonly slaveFrames: readonly Uint8Array[];
  readonly bodies: readonly Body[];
}

/** The payload of a frame: an increment, or a part of a whole state. */
export interface Body {
  readonly item: string;
  readonly isState: boolean;
  readonly bytes: Uint8Array;
}

interface Tap {
  readonly port: number;
  readonly ended: () => Promise<Said[]>;
}

/** Passes everything on between a slave and the master at `port`, and keeps a copy. */
async function tap(port: number, hasSecret: boolean): Promise<Tap> {
  const parts: Record<'master' | 'slave', Uint8Array[]>[] = [];
  const sockets: Socket[] = [];
  const pass = (from: Socket, to: Socket, kept: Uint8Array[]): void => {
    sockets.push(from);
    from.on('data', (chunk) => {
      kept.push(Uint8Array.from(chunk));
      to.write(chunk);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  const server = createServer((slave) => {
    const kept = { master: [], slave: [] };
    parts.push(kept);
    const master = connect(port, '127.0.0.1');
    pass(slave, master, kept.slave);
    pass(master, slave, kept.master);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ended = async (): Promise<Said[]> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    const sides = ['master', 'slave'] as const;
    return parts.flatMap((kept) =>
      sides.map((by) => ({ by, hasSecret, stream: new Uint8Array(Buffer.concat(kept[by])) })),
    );
  };
  return { port: (server.address() as AddressInfo).port, ended };
}

const TWO_PHASE = { method: 'two-phase', ack: 'applied' } as const;

/** A short life with every kind of message in it, between two processes' worth of objects. */
async function converse(hasSecret: boolean): Promise<Said[]> {
  // Not sealed: what is recorded on the way is what the two sides wrote.
  const secret = hasSecret ? { secret: SECRET, seal: false } : {};
  const listener = tcpListen({ port: 0, ...secret });
  const shared = { heartbeat: 40, voteTimeout: 400, history: 5, transport: listener };
  const tree = document<Record<string, unknown>>({ a: new Date(0), list: [1n, new Map()] });
  const master = createMaster({ ...shared, item: 'tree', data: tree });
  const table = createMaster({ ...shared, item: 'table', data: keyValue<unknown>() });
  await master.start();
  await table.start();
  const relay = await tap(listener.port, hasSecret);
  const transport = () => tcpConnect({ host: '127.0.0.1', port: relay.port, ...secret });
  const refusing = document<Record<string, unknown>>(
    {},
    {
      prepare: (next) => {
        if ('veto' in next) throw new Veto('as ordered');
      },
    },
  );
  const wire = transport();
  const slave = createSlave({ item: 'tree', data: refusing, transport: wire, id: 'one' });
  const copy = createSlave({
    item: 'table',
    data: keyValue<unknown>(),
    transport: wire,
    id: 'one',
  });
  await Promise.all([slave.start(), copy.start()]);
  await slave.current({ timeout: 10_000 });
  await copy.current({ timeout: 10_000 });
  for (let step = 0; step < 12; step += 1) {
    const options = step % 3 === 0 ? TWO_PHASE : {};
    const setting = (draft: Record<string, unknown>) => {
      draft[step === 6 ? 'veto' : `k${step}`] = { step, at: new Date(step), big: BigInt(step) };
    };
    await master.data.update(setting, options).then(undefined, () => undefined);
    await table.data.set(`k${step}`, 'x'.repeat(step * 40), options);
  }
  // Away for longer than the history: what follows is a snapshot.
  await slave.stop();
  for (let step = 0; step < 12; step += 1) await table.data.set(`late${step}`, step);
  const again = createSlave({ item: 'tree', data: tree, transport: transport(), id: 'two' });
  await again.start();
  await again.current({ timeout: 10_000 });
  await Promise.all([again.stop(), copy.stop()]);
  await Promise.all([master.stop(), table.stop()]);
  return relay.ended();
}

/** What precedes the first frame. */
function handshakeBytes({ by, hasSecret }: Said): number {
  return HELLO_BYTES + (by === 'master' ? 1 : 0) + (hasSecret ? PROOF_BYTES : 0);
}

function framesOf(said: Said): Uint8Array[] {
  const frames: Uint8Array[] = [];
  new FrameReader(FRAME_BYTES_MAX).push(said.stream.subarray(handshakeBytes(said)), frames);
  return frames.map((frame) => frame.slice());
}

function bodyOf(frame: Uint8Array): Body[] {
  const message = decodeFrame(frame);
  const body = 'payload' in message ? message.payload.body : undefined;
  if (!(body instanceof Uint8Array) || body.length === 0) return [];
  const { item } = message.envelope;
  return [{ item, isState: message.kind === 'snapshot', bytes: body.slice() }];
}

export async function recordCorpus(): Promise<Corpus> {
  const said = [...(await converse(false)), ...(await converse(true))];
  const whole = said.filter((each) => each.stream.length > handshakeBytes(each));
  if (whole.length < 4) throw new Error(`only ${whole.length} sides of connections were recorded`);
  const handshakes = whole.map((each) => ({
    ...each,
    stream: each.stream.slice(0, handshakeBytes(each)),
  }));
  const masterFrames = whole.filter(({ by }) => by === 'master').flatMap(framesOf);
  const slaveFrames = whole.filter(({ by }) => by === 'slave').flatMap(framesOf);
  const frames = [...masterFrames, ...slaveFrames];
  const bodies = masterFrames.flatMap(bodyOf);
  return { said: whole, handshakes, frames, masterFrames, slaveFrames, bodies };
}
