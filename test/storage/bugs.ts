/** Seeded bugs: each breaks one promise of the store, and the check has to notice it. */
import { ClassicLevel } from 'classic-level';
import { platform } from '#platform';
import type { StoreOperation } from '../../lib/stores/contract.js';
import { LevelStore } from '../../lib/stores/level.js';
import { sharedStore } from '../../lib/stores/shared.js';
import { WRITE_BUFFER_BYTES } from './cluster.js';
import type { ImageKind } from './image.js';
import { type Opener, realStore } from './judge.js';
import type { Distortion } from './recorder.js';

export interface Bug {
  readonly what: string;
  /** Where it is looked for. */
  readonly kinds: readonly ImageKind[];
  readonly distortion?: Distortion;
  readonly skipsFileSync?: boolean;
  readonly opener?: Opener;
  /** Makes the checksums of this process worthless, while recording and while judging. */
  readonly isUnchecked?: boolean;
}

const isProtocol = ({ key }: StoreOperation): boolean => /\/\d+\/[^/]+\/[jr]\//.test(key);

function parts(operations: readonly StoreOperation[], sync: boolean) {
  const data = operations.filter((operation) => !isProtocol(operation));
  const rest = operations.filter(isProtocol);
  if (data.length === 0 || rest.length === 0) return [{ operations, sync }];
  return [
    { operations: rest, sync },
    { operations: data, sync },
  ];
}

/** LevelDB as it comes: tables are not verified before it reads them. */
const bareStore: Opener = (folder) =>
  sharedStore({
    durable: true,
    location: folder,
    open: async () => {
      const level = new ClassicLevel<string, Uint8Array>(folder, {
        compression: false,
        writeBufferSize: WRITE_BUFFER_BYTES,
      });
      await level.open();
      return new LevelStore(level, { durable: true, location: folder });
    },
  });

export const BUGS: Readonly<Record<string, Bug>> = {
  'ack-before-sync': {
    what: 'a synced write is acknowledged without a sync',
    kinds: ['power cut'],
    distortion: (operations) => [{ operations, sync: false }],
  },
  'version-apart': {
    what: 'the version goes into another batch than the data',
    kinds: ['killed', 'torn batch'],
    distortion: parts,
  },
  'older-log-unsynced': {
    what: 'a synced write in a new log leaves the old log unsynced',
    kinds: ['power cut', 'lost subset'],
    skipsFileSync: true,
  },
  'checks-off': {
    what: 'no checksum is looked at: not of values, not of sums, not of tables',
    kinds: ['flipped bit in table', 'older file', 'misplaced block', 'file of another lineage'],
    opener: bareStore,
    isUnchecked: true,
  },
};

export function openerOf(bug: Bug | undefined): Opener {
  return bug?.opener ?? realStore;
}

/** @returns a function that gives the checksums back */
export function switchChecks(bug: Bug | undefined): () => void {
  if (bug?.isUnchecked !== true) return () => undefined;
  const original = platform.crc32;
  platform.crc32 = () => 0;
  return () => {
    platform.crc32 = original;
  };
}
