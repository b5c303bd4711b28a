/** Where Graphviz put everything: pixels, from the top left corner. */
import { ReplicationError } from '../../../errors.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rectangle extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Line {
  /** A start, then three points for each Bézier curve. */
  readonly points: readonly Point[];
  /** The point of the arrow's head. */
  readonly tip: Point | null;
  /** The middle of its label. */
  readonly label: Point | null;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By key of the box, or of a start or border point. */
  readonly places: ReadonlyMap<string, Rectangle>;
  /** By key of the arrow. */
  readonly lines: ReadonlyMap<string, Line>;
}

/** What Graphviz writes as `json0`, where we read it. */
interface Written {
  readonly bb: string;
  readonly objects?: readonly {
    readonly name: string;
    readonly bb?: string;
    readonly pos?: string;
    readonly width?: string;
    readonly height?: string;
  }[];
  readonly edges?: readonly { readonly id?: string; readonly pos?: string; readonly lp?: string }[];
}

const CLUSTER = 'cluster_';

function numbersOf(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every(Number.isFinite)) return numbers;
  throw new ReplicationError('CORRUPT', `the layout of a chart has "${text}" for a place`);
}

class Reader {
  readonly #height: number;

  constructor(height: number) {
    this.#height = height;
  }

  /** Graphviz counts upwards. */
  point(text: string): Point {
    const [x = 0, y = 0] = numbersOf(text);
    return { x, y: this.#height - y };
  }

  cluster(text: string): Rectangle {
    const [left = 0, bottom = 0, right = 0, top = 0] = numbersOf(text);
    return { x: left, y: this.#height - top, width: right - left, height: top - bottom };
  }

  node(pos: string, width: number, height: number): Rectangle {
    const { x, y } = this.point(pos);
    return { x: x - width / 2, y: y - height / 2, width, height };
  }

  /** An arrow that was told the other way round has its head (`s,`) at its start. */
  line(pos: string, label: string | undefined): Line {
    const parts = pos.trim().split(/\s+/);
    const tip = parts.find((part) => /^[es],/.test(part));
    const points = parts.filter((part) => part !== tip).map((part) => this.point(part));
    return {
      points: tip?.startsWith('s') ? points.reverse() : points,
      tip: tip === undefined ? null : this.point(tip.slice(2)),
      label: label === undefined ? null : this.point(label),
    };
  }
}

export function readLayout(json: string): Layout {
  const written = JSON.parse(json) as Written;
  const [, , width = 0, height = 0] = numbersOf(written.bb);
  const reader = new Reader(height);
  const places = new Map<string, Rectangle>();
  for (const { name, bb, pos, width: inchesWide, height: inchesTall } of written.objects ?? []) {
    if (name.startsWith(CLUSTER) && bb !== undefined) {
      places.set(name.slice(CLUSTER.length), reader.cluster(bb));
    } else if (pos !== undefined) {
      places.set(name, reader.node(pos, Number(inchesWide) * 72, Number(inchesTall) * 72));
    }
  }
  const lines = new Map<string, Line>();
  for (const { id, pos, lp } of written.edges ?? []) {
    if (id !== undefined && pos !== undefined) lines.set(id, reader.line(pos, lp));
  }
  return { width, height, places, lines };
}
