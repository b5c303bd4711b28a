/** What is drawn once for a whole run: sizes and time-outs, tiny ones now and then. */
import type { LinkFaults } from '../../transports/memory/index.js';

/** Constants of one cluster. Units last; all times in milliseconds. */
export interface ClusterConstants {
  heartbeatMs: number;
  voteMs: number;
  silenceMs: number;
  prepareMs: number;
  retryMs: number;
  jitterMs: number;
  queueMax: number;
  historyMax: number;
  maxFrameBytes: number;
  highWaterBytes: number;
  participants: 'connected' | 'known';
  unreachable: 'abort' | 'defer' | { readonly exclude: number };
  /** Slaves without a disk, from the last one. */
  disklessSlaves: number;
  /** Of every link, for the whole run. */
  weather: LinkFaults;
}

export const calmConstants = (): ClusterConstants => ({
  heartbeatMs: 300,
  voteMs: 1200,
  silenceMs: 900,
  prepareMs: 1000,
  retryMs: 300,
  jitterMs: 50,
  queueMax: 1000,
  historyMax: 1000,
  maxFrameBytes: 1024 * 1024,
  highWaterBytes: 1024 * 1024,
  participants: 'connected',
  unreachable: 'abort',
  disklessSlaves: 1,
  weather: { delayMsMean: 5 },
});
