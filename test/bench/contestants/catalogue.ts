/** Who can take part, by the names of `sides.ts` and in the order of tables. */
import { missingPackage } from '../peers/packages.js';
import { natsKv } from '../servers/nats.js';
import { postgres } from '../servers/postgres.js';
import { redis, redisPubsub } from '../servers/redis.js';
import type { Contestant } from './catalogue-types.js';

const here: Contestant = { hasSlaves: true, missing: async () => null };

export const CONTESTANTS: Readonly<Record<string, Contestant>> = {
  limit: here,
  'limit-json': here,
  replichart: here,
  'replichart-attached': here,
  'replichart-recording': here,
  redis,
  'redis-pubsub': redisPubsub,
  'nats-kv': natsKv,
  yjs: { hasSlaves: true, missing: async () => missingPackage('yjs') ?? missingPackage('ws') },
  postgres,
};
