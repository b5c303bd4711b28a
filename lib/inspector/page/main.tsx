/** The page that an inspector serves. */
import { render } from 'preact';
import { App } from './app.js';
import { wallClock } from './model.js';
import { acceptDrops, follow } from './opening.js';

const CLOCK_MS = 1000;

const place = document.getElementById('page');
if (place !== null) render(<App />, place);
setInterval(() => {
  wallClock.value = Date.now();
}, CLOCK_MS);
acceptDrops();
follow();
