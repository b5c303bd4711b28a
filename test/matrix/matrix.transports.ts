/** One scenario over every transport, layer and store; prints the matrix at its end. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { packageRoot } from '../support/package-root.js';
import { layerKinds } from './layers.js';
import type { MatrixNetworkKind } from './network.js';
import { runScenario } from './scenario.js';
import { storeKinds } from './stores.js';

/** Every kind that a file of `networks/` exports: a transport without a row would look tested. */
async function readKinds(): Promise<MatrixNetworkKind[]> {
  const sources = readdirSync(join(packageRoot, 'test/matrix/networks')).sort();
  const kinds: MatrixNetworkKind[] = [];
  for (const source of sources) {
    const url = new URL(`./networks/${source.replace(/\.ts$/, '.js')}`, import.meta.url);
    const exported = Object.values(await import(url.href)) as MatrixNetworkKind[];
    if (exported.length === 0) throw new Error(`${source} exports no kind of network`);
    kinds.push(...exported);
  }
  return kinds;
}

const NETWORKS = await readKinds();

interface Column {
  readonly layer: (typeof layerKinds)[number];
  readonly store: (typeof storeKinds)[number];
  readonly title: string;
}

const COLUMNS: readonly Column[] = layerKinds.flatMap((layer) =>
  storeKinds.map((store) => ({ layer, store, title: `${layer.name}, ${store.name}` })),
);

const results = new Map<string, string>();

async function runCell(kind: MatrixNetworkKind, { layer, store }: Column): Promise<void> {
  const network = await kind.open();
  const stores = store.open();
  try {
    await runScenario({ network, layer, stores });
  } finally {
    await network.close();
    stores.close();
  }
}

const test = suite('the scenario on every transport, layer and store');

for (const kind of NETWORKS) {
  const lacking = kind.unavailable();
  for (const column of COLUMNS) {
    const name = `${kind.name}: ${column.title}`;
    if (lacking !== null) {
      results.set(name, 'skipped');
      test.skip(`SKIPPED: ${name}: ${lacking}`, () => {});
      continue;
    }
    test(name, async () => {
      const startedAtMs = performance.now();
      results.set(name, 'FAILED');
      await runCell(kind, column);
      results.set(name, `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
    });
  }
}

function row(name: string, cells: readonly string[]): string {
  return [name.padEnd(24), ...cells.map((cell) => cell.padStart(17))].join(' ');
}

test.after(() => {
  const titles = COLUMNS.map(({ title }) => title);
  const lines = NETWORKS.map(({ name }) =>
    row(
      name,
      titles.map((title) => results.get(`${name}: ${title}`) ?? '-'),
    ),
  );
  console.log(['', row('transport', titles), ...lines, ''].join('\n'));
});

test.run();
