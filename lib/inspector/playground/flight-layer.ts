/** Draws the messages under way, frame by frame, past preact: hundreds of them may be moving. */
import type { Flight, Flights } from './flights.js';
import { between, type Layout, type Place, pathOf } from './layout.js';
import { toneOf } from './tones.js';

const SVG = 'http://www.w3.org/2000/svg';
const RADIUS = 6;
/** Milliseconds of the nodes' time in which a lost one fades. */
const FADE_MS = 600;
/** Real milliseconds of flight from which on a name beside it can be read. */
const NAMED_MS = 500;

export interface FlightScene {
  readonly flights: Flights;
  readonly layout: Layout;
  readonly nowMs: number;
  readonly rate: number;
  readonly isCut: (slave: string) => boolean;
  /** People who asked for less motion see where messages are under way, not their movement. */
  readonly isStill: boolean;
}

interface Mark {
  readonly group: SVGGElement;
  readonly label: SVGTextElement;
}

export class FlightLayer {
  readonly #root: SVGGElement;
  readonly #marks = new Map<number, Mark>();

  constructor(root: SVGGElement) {
    this.#root = root;
  }

  draw(scene: FlightScene): void {
    const seen = new Set<number>();
    for (const flight of scene.flights.shown) {
      if (flight.end === 'arrived') continue;
      const from = scene.layout.places.get(flight.from);
      const to = scene.layout.places.get(flight.to);
      if (from === undefined || to === undefined) continue;
      seen.add(flight.number);
      const [start, end] = pathOf(from, to, scene.layout.card);
      this.#place(flight, between(start, end, partOf(flight, scene)), end.y < start.y, scene);
    }
    for (const [number, { group }] of this.#marks) {
      if (seen.has(number)) continue;
      group.remove();
      this.#marks.delete(number);
    }
  }

  #place(flight: Flight, { x, y }: Place, isUp: boolean, { nowMs, rate }: FlightScene): void {
    const { group, label } = this.#marks.get(flight.number) ?? this.#make(flight);
    group.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    const isLost = flight.end === 'lost' && nowMs >= flight.endMs;
    group.classList.toggle('lost', isLost);
    const fade = isLost ? Math.max(0, 1 - (nowMs - flight.endMs) / FADE_MS) : 1;
    group.setAttribute('opacity', fade.toFixed(2));
    const isNamed = (flight.dueMs - flight.sentMs) / Math.max(rate, 0.1) >= NAMED_MS;
    label.setAttribute('visibility', isNamed ? 'visible' : 'hidden');
    // Names stand on the outer side, too: those of question and answer do not cover each other.
    label.setAttribute('text-anchor', isUp ? 'start' : 'end');
    label.setAttribute('x', isUp ? '10' : '-10');
  }

  #make(flight: Flight): Mark {
    const group = document.createElementNS(SVG, 'g');
    group.setAttribute('class', `flight ${toneOf(flight)}`);
    group.setAttribute('data-kind', flight.kind);
    const dot = document.createElementNS(SVG, 'circle');
    dot.setAttribute('r', String(RADIUS));
    const cross = document.createElementNS(SVG, 'path');
    cross.setAttribute('d', 'M-5 -5 L5 5 M-5 5 L5 -5');
    const label = document.createElementNS(SVG, 'text');
    label.setAttribute('y', '4');
    // An ack goes beside nearly everything: its name would only cover the others.
    label.textContent = toneOf(flight) === 'news' ? '' : flight.kind;
    group.append(dot, cross, label);
    this.#root.append(group);
    const mark = { group, label };
    this.#marks.set(flight.number, mark);
    return mark;
  }
}

/** How much of its way it has made. */
function partOf(flight: Flight, { nowMs, isCut, isStill }: FlightScene): number {
  const flyingMs = Math.max(1, flight.dueMs - flight.sentMs);
  const seenMs = flight.end === 'lost' ? Math.min(nowMs, flight.endMs) : nowMs;
  const part = Math.min(1, (seenMs - flight.sentMs) / flyingMs);
  if (isStill) return 0.5;
  const isHeld = flight.end === null && (isCut(flight.from) || isCut(flight.to));
  return isHeld ? Math.min(0.5, part) : part;
}
