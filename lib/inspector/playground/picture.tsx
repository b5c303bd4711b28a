/** The nodes with what each of them shows, and the messages that fly between them. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { NodeView } from './cluster.js';
import { FlightLayer } from './flight-layer.js';
import { type Layout, layOut, type Place } from './layout.js';
import { MASTER } from './play-node.js';
import { cluster, nodeViews } from './stage-model.js';
import { TONE_WORDS } from './tones.js';

const WIDTH_MIN = 300;
const stillness = matchMedia('(prefers-reduced-motion: reduce)');

type Mood = 'good' | 'waiting' | 'bad';

const GOOD = new Set(['serving', 'current']);
const BAD = new Set(['dead', 'stale', 'in-doubt', 'quarantined', 'regressed', 'refused', 'failed']);

function moodOf({ stage, isUp }: NodeView): Mood {
  if (!isUp || BAD.has(stage)) return 'bad';
  return GOOD.has(stage) ? 'good' : 'waiting';
}

function tellOf({ id, version, stage, value }: NodeView): string {
  const what = value === null ? 'no copy yet' : `${value.colour} ${value.number}`;
  return `${id}: ${what}, version ${version}, ${stage}`;
}

interface CardProps {
  readonly node: NodeView;
  readonly place: Place;
  readonly card: Layout['card'];
}

function Card({ node, place, card }: CardProps): VNode {
  const { id, version, stage, value, isVetoing, slowMs } = node;
  const marks = [...(isVetoing ? ['says no'] : []), ...(slowMs > 0 ? ['slow'] : [])].join(', ');
  const shownValue = value === null ? 'no copy' : `${value.colour} ${value.number}`;
  const transform = `translate(${place.x - card.width / 2} ${place.y - card.height / 2})`;
  return (
    <g
      class={`play-node ${moodOf(node)}`}
      transform={transform}
      data-testid={`node-${id}`}
      data-stage={stage}
      data-version={version}
      data-value={shownValue}
    >
      <title>{tellOf(node)}</title>
      <rect width={card.width} height={card.height} rx={10} />
      <text class="node-id" x={10} y={20}>
        {id}
      </text>
      <circle class={`swatch ${value?.colour ?? 'none'}`} cx={18} cy={37} r={8} />
      <text x={32} y={42}>
        {shownValue}
      </text>
      <text class="node-stage" x={10} y={62}>
        v{version} {marks === '' ? stage : marks}
      </text>
    </g>
  );
}

function Link({ slave, layout }: { readonly slave: NodeView; readonly layout: Layout }) {
  const from = layout.places.get(MASTER);
  const to = layout.places.get(slave.id);
  if (from === undefined || to === undefined) return null;
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  return (
    <g class={slave.isCut ? 'play-link cut' : 'play-link'}>
      <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
      {slave.isCut && <path d={`M${middle.x - 9} ${middle.y - 9} l18 18 m0 -18 l-18 18`} />}
    </g>
  );
}

/** Draws the flights on each frame; nothing else on the page is drawn for them. */
function useFlights(layout: Layout) {
  const root = useRef<SVGGElement>(null);
  useEffect(() => {
    if (root.current === null) return undefined;
    const layer = new FlightLayer(root.current);
    let frame = 0;
    const draw = (): void => {
      const cut = new Set(cluster.view().flatMap(({ id, isCut }) => (isCut ? [id] : [])));
      layer.draw({
        flights: cluster.flights,
        layout,
        nowMs: cluster.clock.now(),
        rate: cluster.clock.rate,
        isCut: (id) => cut.has(id),
        isStill: stillness.matches,
      });
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => {
      cancelAnimationFrame(frame);
      root.current?.replaceChildren();
    };
  }, [layout]);
  return root;
}

function useWidth() {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (place.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(WIDTH_MIN, Math.round(entry.contentRect.width)));
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return { place, width };
}

function useLayout(width: number, slaves: readonly string[]): Layout {
  const key = `${width} ${slaves.join(' ')}`;
  const kept = useRef<{ readonly key: string; readonly layout: Layout } | null>(null);
  // The same object as long as it is the same layout: the flights are begun anew with another.
  if (kept.current?.key !== key) kept.current = { key, layout: layOut(MASTER, slaves, width) };
  return kept.current.layout;
}

export function Picture(): VNode {
  const { place, width } = useWidth();
  const nodes = nodeViews.value;
  const slaves = nodes.filter(({ role }) => role === 'slave');
  const layout = useLayout(
    width,
    slaves.map(({ id }) => id),
  );
  const flights = useFlights(layout);
  return (
    <div class="picture" ref={place}>
      <svg
        role="img"
        aria-label={`The nodes. ${nodes.map(tellOf).join('. ')}`}
        width={layout.width}
        height={layout.height}
        data-testid="picture"
      >
        {slaves.map((slave) => (
          <Link key={slave.id} slave={slave} layout={layout} />
        ))}
        {nodes.map((node) => {
          const at = layout.places.get(node.id);
          return at && <Card key={node.id} node={node} place={at} card={layout.card} />;
        })}
        <g ref={flights} data-testid="flights" />
      </svg>
      <ul class="legend" aria-label="Colours of messages">
        {Object.entries(TONE_WORDS).map(([tone, words]) => (
          <li key={tone} class={tone}>
            {words}
          </li>
        ))}
      </ul>
    </div>
  );
}
