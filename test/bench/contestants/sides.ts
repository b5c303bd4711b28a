/** The module of each contestant, loaded in its own processes only: nobody pays for another. */
import type { ContestantSides } from './contract.js';

const MODULES: Readonly<Record<string, () => Promise<ContestantSides>>> = {
  limit: () => import('./limit/limit.js'),
  'limit-json': () => import('./limit/limit-json.js'),
  replichart: () => import('./replichart/replichart.js'),
  'replichart-attached': () => import('./replichart/replichart.js'),
  'replichart-recording': () => import('./replichart/replichart.js'),
  redis: () => import('./redis/redis.js'),
  'nats-kv': () => import('./nats/nats-kv.js'),
  yjs: () => import('./yjs/yjs.js'),
  postgres: () => import('./postgres/postgres.js'),
  'redis-pubsub': () => import('./redis/redis-pubsub.js'),
};

export function loadSides(contestant: string): Promise<ContestantSides> {
  const load = MODULES[contestant];
  if (load === undefined) throw new Error(`no contestant is called ${contestant}`);
  return load();
}
