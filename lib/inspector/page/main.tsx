/** The page that an inspector serves. */
import { render } from 'preact';
import { wallClock } from './model.js';
import { NodesView } from './nodes-view.js';
import { liveListener } from './reading.js';
import { followServer } from './source.js';

const CLOCK_MS = 1000;

const place = document.getElementById('page');
if (place !== null) render(<NodesView />, place);
setInterval(() => {
  wallClock.value = Date.now();
}, CLOCK_MS);
void followServer(liveListener, new AbortController().signal);
