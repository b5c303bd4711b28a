/** Which image has which number: each can be made alone, from recordings, seed and number. */
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import {
  type Growth,
  growthOf,
  killed,
  lostSubset,
  powerCut,
  tornBatch,
  unsyncedMoments,
  zeroedTail,
} from './crash-images.js';
import {
  deletedFile,
  flippedBit,
  foreignFile,
  misplacedBlock,
  newerFormat,
  olderFile,
  pick,
  truncatedLog,
  zeroedBlock,
} from './damage-images.js';
import type { Image, ImageKind } from './image.js';
import type { FolderRecording } from './recorder.js';

/** How many images of each kind make a whole check; `scale` shrinks all of them alike. */
const SHARES: Readonly<Record<ImageKind, number>> = {
  killed: 2000,
  'power cut': 5000,
  'torn batch': 8500,
  'lost subset': 2300,
  'zeroed tail': 1200,
  'truncated log': 3000,
  'flipped bit in log': 1500,
  'flipped bit in table': 1500,
  'flipped bit in manifest': 1000,
  'flipped bit in CURRENT': 250,
  'flipped bit in witness': 50,
  'deleted file': 500,
  'zeroed block': 800,
  'misplaced block': 500,
  'older file': 800,
  'file of another lineage': 800,
  'newer format': 100,
};

type Spot = readonly [recording: FolderRecording, at: number];

function hasOlderUnsyncedLog([recording, at]: Spot): boolean {
  const files = recording.moments[at]?.files ?? {};
  const logs = Object.keys(files).filter((name) => name.endsWith('.log'));
  return logs
    .sort()
    .slice(0, -1)
    .some((name) => {
      const { blob = -1, durableBytes = 0 } = files[name] ?? {};
      return durableBytes < (recording.blobs[blob]?.length ?? 0);
    });
}

interface Place {
  readonly recording: FolderRecording;
  readonly at: number;
  readonly growth: Growth;
  /** Numbers of the images of this batch start here, one for each of its bytes. */
  readonly first: number;
}

/** Batches in an order of the seed, until each byte of them fills the wanted number of images. */
function placesOf(
  recordings: readonly FolderRecording[],
  wanted: number,
  random: Random,
  isLate: boolean,
): Place[] {
  const places: Place[] = [];
  let first = 0;
  for (let attempt = 0; first < wanted && attempt < wanted * 4 + 400; attempt += 1) {
    const recording = pick(recordings, random);
    const { length } = recording.moments;
    // The last records of a life, or any batch of it.
    const back = isLate ? Math.min(length - 1, 60) : length - 1;
    const at = length - 1 - Math.floor(random() * back);
    const growth = growthOf(recording, at);
    // Batches of many KiB would use up all images for one record.
    if (growth === undefined || growth.to - growth.from > 1500) continue;
    places.push({ recording, at, growth, first });
    first += growth.to - growth.from + 1;
  }
  return places;
}

function placeOf(places: readonly Place[], number: number): { place: Place; bytes: number } {
  const { first: last, growth } = places.at(-1) as Place;
  const within = number % (last + growth.to - growth.from + 1);
  const place = places.findLast(({ first }) => first <= within) as Place;
  return { place, bytes: within - place.first };
}

export class Plan {
  readonly count: number;
  readonly #recordings: readonly FolderRecording[];
  readonly #seed: string;
  readonly #quotas: ReadonlyArray<readonly [kind: ImageKind, first: number, count: number]>;
  readonly #torn: readonly Place[];
  readonly #cut: readonly Place[];
  readonly #unsynced: readonly Spot[];
  /** Those where an older log is not all on disk, rare and where syncs are easily forgotten. */
  readonly #several: readonly Spot[];

  /** @param scale 1 makes the whole check; smaller ones the same kinds in smaller numbers */
  constructor(recordings: readonly FolderRecording[], seed: string, scale: number) {
    this.#recordings = recordings;
    this.#seed = seed;
    let first = 0;
    this.#quotas = (Object.entries(SHARES) as [ImageKind, number][]).map(([kind, share]) => {
      const count = Math.max(2, Math.round(share * scale));
      const quota = [kind, first, count] as const;
      first += count;
      return quota;
    });
    this.count = first;
    const random = seededRandom(seed, 'places');
    this.#torn = placesOf(recordings, SHARES['torn batch'] * scale, random, false);
    this.#cut = placesOf(recordings, SHARES['truncated log'] * scale, random, true);
    this.#unsynced = recordings.flatMap((recording) =>
      unsyncedMoments(recording).map((at): Spot => [recording, at]),
    );
    this.#several = this.#unsynced.filter(hasOlderUnsyncedLog);
  }

  /** The numbers of the images of one kind. */
  rangeOf(kind: ImageKind): { readonly from: number; readonly to: number } {
    const [, from = 0, count = 0] = this.#quotas.find(([each]) => each === kind) ?? [];
    return { from, to: from + count };
  }

  image(number: number): Image {
    const [kind, first] = this.#quotas.findLast(([, start]) => start <= number) ?? ['killed', 0, 0];
    const random = seededRandom(this.#seed, `image ${number}`);
    return this.#make(kind, number - first, random);
  }

  #make(kind: ImageKind, index: number, random: Random): Image {
    const recording = pick(this.#recordings, random);
    switch (kind) {
      case 'killed':
        return killed(recording, pick(recording.moments, random));
      case 'power cut':
      case 'lost subset':
      case 'zeroed tail':
        return this.#unsyncedImage(kind, random);
      case 'torn batch': {
        const { place, bytes } = placeOf(this.#torn, index);
        return tornBatch(place.recording, place.at, place.growth, bytes);
      }
      case 'truncated log': {
        const { place, bytes } = placeOf(this.#cut, index);
        return truncatedLog(place.recording, place.at, bytes);
      }
      case 'deleted file':
        return deletedFile(recording, random);
      case 'zeroed block':
        return zeroedBlock(recording, random);
      case 'misplaced block':
        return misplacedBlock(recording, random);
      case 'older file':
        return olderFile(recording, random);
      case 'file of another lineage':
        return this.#foreign(recording, random);
      case 'newer format':
        return newerFormat(recording, random);
      default:
        return flippedBit(recording, kind, random);
    }
  }

  #unsyncedImage(kind: 'power cut' | 'lost subset' | 'zeroed tail', random: Random): Image {
    const isRare = this.#several.length > 0 && random() < 0.2;
    const [recording, at] = pick(isRare ? this.#several : this.#unsynced, random);
    if (kind === 'power cut') return powerCut(recording, at, random);
    return kind === 'lost subset'
      ? lostSubset(recording, at, random)
      : zeroedTail(recording, at, random);
  }

  #foreign(recording: FolderRecording, random: Random): Image {
    const others = this.#recordings.filter(
      (other) => other !== recording && other.role === recording.role,
    );
    return foreignFile(recording, pick(others, random), random);
  }
}
