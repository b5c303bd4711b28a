/** A large recording as the real recorder writes it: one master, ten slaves, over TCP. */
import { rm, stat } from 'node:fs/promises';
import { createInspector } from '../../../lib/inspector/create-inspector.js';
import { keyValue } from '../../../lib/layers/key-value/key-value.js';
import { createMaster } from '../../../lib/master.js';
import { createSlave } from '../../../lib/slave.js';
import { tcpConnect, tcpListen } from '../../../lib/transports/tcp/index.js';

const KEYS = 100;
const ITEM = 'large';
const CURRENT_MS = 60_000;

export interface LargeRecording {
  readonly path: string;
  readonly bytes: number;
  readonly tookMs: number;
}

/** Makes the changes one after the other, each in a version of its own, and records all of it. */
export async function makeLargeRecording(
  path: string,
  changes: number,
  slaves: number,
): Promise<LargeRecording> {
  await rm(path, { force: true });
  const startedMs = performance.now();
  const inspector = createInspector({ record: path, print: () => undefined });
  const { inspect } = inspector;
  const transport = tcpListen({ port: 0 });
  const master = createMaster({ item: ITEM, data: keyValue<number>(), transport, inspect });
  await master.start();
  const copies = Array.from({ length: slaves }, (_, index) =>
    createSlave({
      item: ITEM,
      id: `slave-${index + 1}`,
      data: keyValue<number>(),
      transport: tcpConnect({ port: transport.port }),
      inspect,
    }),
  );
  await Promise.all(copies.map((copy) => copy.start()));
  await Promise.all(copies.map((copy) => copy.current({ timeout: CURRENT_MS })));
  for (let change = 0; change < changes; change += 1) {
    await master.data.set(`key-${change % KEYS}`, change);
  }
  const version = master.position?.version ?? 0;
  await Promise.all(copies.map((copy) => copy.waitFor(version, { timeout: CURRENT_MS })));
  await Promise.all(copies.map((copy) => copy.stop()));
  await master.stop();
  await inspector.stop();
  return { path, bytes: (await stat(path)).size, tookMs: performance.now() - startedMs };
}
