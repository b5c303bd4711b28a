/** What inspects the masters and slaves of the bench: nothing, a watched feed, or a recording. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createCollector } from '../../../../lib/inspector/collect/collector.js';
import { createFeed } from '../../../../lib/inspector/collect/feed.js';
import { writeRecording } from '../../../../lib/inspector/recording/write-recording.js';
import type { SideConfig } from '../contract.js';

export const ATTACHED = 'replichart-attached';
export const RECORDING = 'replichart-recording';

/** The option of a master or slave; none for one that is not inspected. */
export function inspectionOf({ contestant, folder }: SideConfig) {
  if (contestant !== ATTACHED && contestant !== RECORDING) return {};
  const feed = createFeed();
  const collector = createCollector({ sink: feed });
  if (contestant === ATTACHED) feed.subscribe(() => {});
  else {
    mkdirSync(folder, { recursive: true });
    collector.wholly();
    writeRecording({
      path: join(folder, `run-${process.pid}.jsonl`),
      feed,
      package: 'replichart',
      // A recording that ends before its time would flatter its figure.
      troubled: (error) => {
        throw error;
      },
    });
  }
  return { inspect: collector.inspect };
}
