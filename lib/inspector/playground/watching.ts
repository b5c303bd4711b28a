/** What the nodes of this page tell, as lines for the views of the inspector's page. */
import { createCollector } from '../collect/collector.js';
import { type Line, RECORDING_FORMAT } from '../entries.js';
import { writeLine } from '../json.js';
import { wallClock } from '../page/model.js';
import { liveListener } from '../page/reading.js';

const encoder = new TextEncoder();
const CLOCK_MS = 1000;

/** The process that nodes of a page run in. */
const PROCESS = { pid: 0, host: 'this page' };

/** Begins a timeline that is fed from within; returns what nodes take as `inspect`. */
export function watchNodes(): (event: unknown) => void {
  const timeline = liveListener.begin();
  const take = (lines: readonly Line[]): void => {
    const text = lines.map((line) => `${writeLine(line)}\n`).join('');
    timeline.append(encoder.encode(text));
    liveListener.more();
  };
  take([
    {
      kind: 'replichart-recording',
      at: Date.now(),
      format: RECORDING_FORMAT,
      package: 'playground',
      payloads: false,
    },
  ]);
  liveListener.state({ kind: 'live' });
  // A page lives and dies with what it watches: nobody has to end this.
  setInterval(() => {
    wallClock.value = Date.now();
  }, CLOCK_MS);
  return createCollector({ sink: { take }, process: PROCESS }).inspect;
}
