/**
 * A master or slave in a process of its own over TCP, traced by its own SDK. It prints one JSON
 * line when it stands, and one with its spans when stdin ends.
 * Arguments: `master`, or `slave ID PORT`.
 */
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { createTelemetry } from '../../lib/telemetry/create-telemetry.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';

const [role, id = '', port = '0'] = process.argv.slice(2);
const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
const telemetry = createTelemetry({ tracerProvider });
const { inspect } = telemetry;

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

function saySpans(): void {
  const spans = exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    traceId: span.spanContext().traceId,
    version: span.attributes['replichart.version'] ?? null,
  }));
  say({ spans });
}

async function readWord(): Promise<string> {
  return new Promise((resolve) => {
    process.stdin.once('data', (chunk) => resolve(String(chunk).trim()));
    process.stdin.once('end', () => resolve('end'));
  });
}

async function beMaster(): Promise<void> {
  const transport = tcpListen({ port: 0 });
  const data = document<Record<string, unknown>>({});
  const master = createMaster({ item: 'item', data, transport, inspect });
  await master.start();
  say({ port: transport.port });
  for (let word = await readWord(); word !== 'end'; word = await readWord()) {
    const isTwoPhase = word === 'two-phase';
    const options = isTwoPhase
      ? ({ method: 'two-phase', ack: 'applied', timeout: 30_000 } as const)
      : ({ method: 'one-phase', ack: 'applied' } as const);
    const { version, participants } = await master.data.update((draft) => {
      draft[word] = 1;
    }, options);
    say({ version, participants });
  }
  await master.stop();
}

async function beSlave(): Promise<void> {
  const transport = tcpConnect({ port: Number(port) });
  const data = document<Record<string, unknown>>({});
  const slave = createSlave({ item: 'item', id, data, transport, inspect });
  await slave.start();
  await slave.current({ timeout: 30_000 });
  say({ version: slave.position?.version });
  await readWord();
  await slave.stop();
}

await (role === 'master' ? beMaster() : beSlave());
telemetry.close();
saySpans();
