/** The published transport suite over a real nats-server. */
import { suite } from 'uvu';
import { transportSuite } from '../../lib/testing/index.js';
import { type NatsPairOptions, natsPair } from '../support/nats-pair.js';
import { type NatsServer, natsServerMissing, startNatsServer } from '../support/nats-server.js';

const missing = natsServerMissing();

function run(name: string, maxPayload: number | undefined, options: NatsPairOptions = {}): void {
  const test = suite(`transport suite: ${name}`);
  if (missing !== null) {
    test.skip(`SKIPPED: ${missing}`, () => {});
    test.run();
    return;
  }
  let server: NatsServer;
  test.before(async () => {
    server = await startNatsServer(maxPayload === undefined ? {} : { maxPayload });
  });
  test.after(() => server.close());
  transportSuite({ test, deadlineMs: 30_000, factory: () => natsPair(server, options) });
  test.run();
}

run('nats', undefined);
run('nats with a max_payload of 4096 bytes', 4096);
const small = { highWaterBytes: 200_000, frameBytesMax: 100_000, outboundBytesMax: 2_000_000 };
run('nats with small windows', undefined, { listen: small, connect: small });
