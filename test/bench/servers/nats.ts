/** A NATS server with JetStream. */
import { join } from 'node:path';
import type { Contestant } from '../contestants/catalogue-types.js';
import { NatsClient } from '../contestants/nats/nats-client.js';
import { findProgram, freePorts, Program, retried } from './programs.js';

const COMMAND = 'nats-server';
const START_MS_MAX = 20_000;

export const natsKv: Contestant = {
  hasSlaves: true,
  missing: async () => (findProgram(COMMAND) === null ? `${COMMAND} is not installed` : null),
  async startServers({ folder }) {
    const [port] = await freePorts(1);
    const command = findProgram(COMMAND);
    if (port === undefined || command === null) throw new Error(`cannot start ${COMMAND}`);
    const home = join(folder, 'nats');
    const words = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(home, 'jetstream')];
    const program = await Program.start(command, words, { folder: home });
    try {
      await retried(async () => (await NatsClient.connect(port)).close(), START_MS_MAX);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return { address: String(port), stop: () => program.stop() };
  },
};
