/** Constants at the edge of what is allowed: the smallest of everything, and the fastest. */
import { between, type ConstantFault, pick } from './fault.js';

export const CONSTANT_FAULTS: readonly ConstantFault[] = [
  {
    name: 'fast-heartbeat',
    set: (constants) => {
      constants.heartbeatMs = 30;
      constants.silenceMs = 100;
    },
  },
  {
    name: 'short-votes',
    set: (constants, random) => {
      constants.voteMs = Math.ceil(between(random, 5, 150));
    },
  },
  {
    name: 'tiny-queue',
    set: (constants) => {
      constants.queueMax = 1;
    },
  },
  {
    name: 'short-history',
    set: (constants) => {
      constants.historyMax = 1;
    },
  },
  {
    name: 'tiny-frames',
    set: (constants, random) => {
      // A part has what a frame leaves beside its head of at most 4 KiB.
      constants.maxFrameBytes = 4096 + Math.ceil(between(random, 64, 900));
    },
  },
  {
    name: 'tiny-high-water',
    set: (constants) => {
      constants.highWaterBytes = 1;
    },
  },
  {
    name: 'participants-known',
    set: (constants, random) => {
      constants.participants = 'known';
      constants.unreachable = pick(random, ['abort', 'defer', { exclude: 2 }] as const) ?? 'abort';
    },
  },
];
