/** The slider over everything that is kept, and the buttons that move along it. */
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { clockText, countText, spanText } from './format.js';
import {
  heldLine,
  isLive,
  lineEnd,
  pausedAt,
  shownLine,
  sourceState,
  timeline,
  viewLine,
  world,
} from './model.js';
import {
  goToEnd,
  goToTime,
  isPlaying,
  SPEEDS,
  type Span,
  STRIDES,
  type Stride,
  span,
  speed,
  step,
  stride,
  togglePlay,
} from './travel.js';

/** Places of the slider: finer than any screen. */
const PLACES = 10_000;
const COLUMN_PX = 2;

const STRIDE_TEXT = {
  entry: 'every entry',
  message: 'messages',
  change: 'changes',
  report: 'reports',
  actor: 'steps of this actor',
} as const;

const placeOf = (at: number, { from, to }: Span): number =>
  to === from ? PLACES : Math.round(((at - from) / (to - from)) * PLACES);

const timeOf = (place: number, { from, to }: Span): number => from + (place / PLACES) * (to - from);

interface Ink {
  readonly bars: string;
  readonly bad: string;
  readonly warning: string;
}

function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const ink = (name: string): string => style.getPropertyValue(name).trim();
  return { bars: ink('--bars'), bad: ink('--bad'), warning: ink('--warning') };
}

/** How busy each moment was, and where changes failed, trouble came, or entries are missing. */
function drawDensity(canvas: HTMLCanvasElement): void {
  lineEnd.value;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = devicePixelRatio;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = width * scale;
  canvas.height = height * scale;
  context.scale(scale, scale);
  const ink = inkOf(canvas);
  const range = span.value;
  if (width === 0 || range.to <= range.from) return;
  const { series, changes, store, gaps, troubles } = timeline.value;
  const plot = series.rates(range.from, range.to, Math.floor(width / COLUMN_PX));
  const values = plot.lines.find(({ name }) => name === 'messages')?.values ?? [];
  const highest = Math.max(1, ...values.map((value) => value ?? 0));
  context.fillStyle = ink.bars;
  for (const [column, value] of values.entries()) {
    // By logarithm: a quiet second beside a storm is still seen.
    const size = (Math.log1p(value ?? 0) / Math.log1p(highest)) * (height - 4);
    context.fillRect(column * COLUMN_PX, height - size, COLUMN_PX - 0.5, size);
  }
  const mark = (at: number, colour: string): void => {
    context.fillStyle = colour;
    context.fillRect((placeOf(at, range) / PLACES) * width - 1, 0, 2, 5);
  };
  for (const line of gaps) mark(store.timeAt(line), ink.warning);
  for (const line of troubles) mark(store.timeAt(line), ink.bad);
  for (const { moments } of changes.tracks) {
    const end = moments.at(-1);
    if (end?.stage === 'aborted' || end?.stage === 'failed') mark(end.at, ink.bad);
  }
}

function Density() {
  const place = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = place.current;
    if (canvas === null) return;
    const draw = (): void => drawDensity(canvas);
    const observer = new ResizeObserver(draw);
    observer.observe(canvas);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    const stop = effect(draw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', draw);
      stop();
    };
  }, []);
  return <canvas class="density" ref={place} />;
}

/** Moves that follow one another faster are one drag. */
const DRAG_MS = 150;
let wanted: number | null = null;
let isMoving = false;
let movedAtMs = 0;

/** A pointer reports more often than anything can be drawn. */
function moveTo(place: number): void {
  isPlaying.value = false;
  wanted = place;
  if (isMoving) return;
  isMoving = true;
  requestAnimationFrame(move);
}

/** Dragged, nodes and states move in one frame and the view under the tabs in the next. */
function move(): void {
  const place = wanted;
  wanted = null;
  isMoving = place !== null;
  if (place === null) return;
  const nowMs = performance.now();
  if (nowMs - movedAtMs < DRAG_MS) heldLine.value = viewLine.peek();
  movedAtMs = nowMs;
  if (place === PLACES) goToEnd(1);
  else goToTime(timeOf(place, span.value));
  requestAnimationFrame(() => {
    heldLine.value = null;
    requestAnimationFrame(move);
  });
}

function Slider() {
  const { at } = world.value;
  const place = `entry ${countText(shownLine.value)} of ${countText(lineEnd.value)}`;
  const text = `${clockText(at)}, ${place}`;
  return (
    <div class="slider">
      <Density />
      <input
        type="range"
        data-testid="slider"
        aria-label="Moment"
        aria-valuetext={text}
        min={0}
        max={PLACES}
        value={pausedAt.value === null ? PLACES : placeOf(at, span.value)}
        onInput={({ currentTarget }) => moveTo(Number(currentTarget.value))}
      />
    </div>
  );
}

interface ButtonProps {
  readonly label: string;
  readonly keys: string;
  readonly sign: string;
  readonly testid: string;
  readonly onClick: () => void;
}

function Button({ label, keys, sign, testid, onClick }: ButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={`${label} (${keys})`}
      data-testid={testid}
      onClick={onClick}
    >
      {sign}
    </button>
  );
}

function Transport() {
  const runs = isPlaying.value || isLive.value;
  return (
    <div class="transport" role="toolbar" aria-label="Time travel">
      <Button
        label="To the beginning"
        keys="Home"
        sign="⇤"
        testid="to-start"
        onClick={() => goToEnd(-1)}
      />
      <Button label="Step back" keys="←" sign="←" testid="step-back" onClick={() => step(-1)} />
      <Button
        label={runs ? 'Pause' : 'Play'}
        keys="Space"
        sign={runs ? '❚❚' : '▶'}
        testid="play"
        onClick={togglePlay}
      />
      <Button
        label="Step forward"
        keys="→"
        sign="→"
        testid="step-forward"
        onClick={() => step(1)}
      />
      <Button label="To the end" keys="End" sign="⇥" testid="to-end" onClick={() => goToEnd(1)} />
      <select
        aria-label="Step by"
        value={stride.value}
        onChange={({ currentTarget }) => {
          stride.value = currentTarget.value as Stride;
        }}
      >
        {STRIDES.map((each) => (
          <option key={each} value={each}>
            {STRIDE_TEXT[each]}
          </option>
        ))}
      </select>
      <select
        aria-label="Speed"
        class="speed"
        value={speed.value}
        onChange={({ currentTarget }) => {
          speed.value = Number(currentTarget.value);
        }}
      >
        {SPEEDS.map((each) => (
          <option key={each} value={each}>
            {each}×
          </option>
        ))}
      </select>
    </div>
  );
}

function Moment() {
  const { from, to } = span.value;
  const isAtNow = pausedAt.value === null && sourceState.value.kind === 'live';
  return (
    <p class="moment" data-testid="moment" data-live={isAtNow}>
      <b class="number">{clockText(world.value.at)}</b>
      <span class="muted number">
        {countText(shownLine.value)} / {countText(lineEnd.value)} · {spanText(to - from)}
      </span>
    </p>
  );
}

const GAP_TEXT = {
  rate: 'more happened than is shown',
  buffer: 'older ones made room',
  nodes: 'nodes that were silent longest made room',
} as const;

/** Says so where what is shown is not all that happened. */
function Gaps() {
  const { gaps } = world.value;
  const last = gaps.at(-1)?.entry;
  if (last === undefined) return null;
  const count = gaps.reduce((sum, { entry }) => sum + entry.count, 0);
  return (
    <p class="gaps" data-testid="gaps">
      {countText(count)} {last.reason === 'nodes' ? 'nodes or entries' : 'entries'} left out before
      this moment, last at {clockText(last.at)} ({GAP_TEXT[last.reason]}).
    </p>
  );
}

export function TimeBar() {
  return (
    <section class="time-bar" aria-label="Time travel">
      <Transport />
      <Slider />
      <Moment />
      <Gaps />
    </section>
  );
}
