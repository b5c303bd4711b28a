/** Moving over a drawing never loses it; a state value lights what is active. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { activePaths } from '../../../lib/inspector/chart/drawing/active.js';
import { panned, wholeOf, zoomed } from '../../../lib/inspector/chart/drawing/viewport.js';

const test = suite('views of charts');
const WHOLE = wholeOf({ x: 0, y: 0, width: 1000, height: 500 });

test('zooming keeps what is under the pointer there', () => {
  const at = { x: 300, y: 200 };
  const view = zoomed(WHOLE, 2, at, WHOLE, 800);
  assert.is(view.width, WHOLE.width / 2);
  const share = (from: number, start: number, size: number): number => (from - start) / size;
  const before = share(at.x, WHOLE.x, WHOLE.width);
  assert.ok(Math.abs(share(at.x, view.x, view.width) - before) < 1e-9);
});

test('it goes no nearer than four times, and no further than twice the whole', () => {
  let near = WHOLE;
  let far = WHOLE;
  for (let time = 0; time < 50; time += 1) {
    near = zoomed(near, 1.25, { x: 500, y: 250 }, WHOLE, 800);
    far = zoomed(far, 0.8, { x: 500, y: 250 }, WHOLE, 800);
  }
  assert.is(Math.round(near.width), 200);
  assert.is(Math.round(far.width), 2 * WHOLE.width);
});

test('panning ends where the middle of the view leaves the drawing', () => {
  const view = panned(WHOLE, 1e6, -1e6, WHOLE);
  assert.is(view.x + view.width / 2, WHOLE.x + WHOLE.width);
  assert.is(view.y + view.height / 2, WHOLE.y);
});

test('a state value lights its states and the groups around them', () => {
  assert.equal([...activePaths(null)], []);
  assert.equal([...activePaths('idle')], ['', 'idle']);
  assert.equal(
    [...activePaths({ serving: { link: 'live', copy: { prepared: 'waiting' } } })].sort(),
    [
      '',
      'serving',
      'serving.copy',
      'serving.copy.prepared',
      'serving.copy.prepared.waiting',
      'serving.link',
      'serving.link.live',
    ],
  );
});

test.run();
