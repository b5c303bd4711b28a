/**
 * How a chart looks. Colours are variables, so that a page can set its own; without that they
 * follow the reader's light or dark setting.
 */
const LIGHT = `
  --chart-paper: #ffffff; --chart-box: #f6f8fa; --chart-border: #8c959f; --chart-ink: #1f2328;
  --chart-quiet: #59636e; --chart-line: #656d76; --chart-lit: #0969da; --chart-lit-box: #ddf4ff;
  --chart-taken: #bc4c00;`;

const DARK = `
  --chart-paper: #0d1117; --chart-box: #161b22; --chart-border: #6e7681; --chart-ink: #e6edf3;
  --chart-quiet: #9198a1; --chart-line: #8b949e; --chart-lit: #4493f8; --chart-lit-box: #12304f;
  --chart-taken: #f0883e;`;

export const CHART_STYLE = `
.chart {${LIGHT}
  font-family: Helvetica, Arial, "Liberation Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  .chart {${DARK}
  }
}
[data-theme="light"] .chart {${LIGHT}
}
[data-theme="dark"] .chart {${DARK}
}
.chart .chart-box { fill: var(--chart-box); stroke: var(--chart-border); stroke-width: 1.2; }
.chart .chart-group > .chart-box { fill: var(--chart-paper); }
.chart .chart-region > .chart-box { stroke-dasharray: 6 4; }
.chart .chart-inner { fill: none; stroke: var(--chart-border); }
.chart .chart-name { fill: var(--chart-ink); font-size: 13px; font-weight: 600; }
.chart .chart-text text, .chart .chart-label { font-size: 10.5px; fill: var(--chart-quiet); }
.chart .chart-leaf text, .chart .chart-history text, .chart .chart-label { text-anchor: middle; }
.chart .chart-label {
  fill: var(--chart-ink); paint-order: stroke; stroke: var(--chart-paper); stroke-width: 3px;
}
.chart .chart-line { fill: none; stroke: var(--chart-line); stroke-width: 1.2; }
.chart .chart-head, .chart .chart-dot, .chart .chart-arrow circle { fill: var(--chart-line); }
.chart [data-active="true"] > .chart-box { stroke: var(--chart-lit); stroke-width: 2; }
.chart .chart-leaf[data-active="true"] > .chart-box { fill: var(--chart-lit-box); }
.chart [data-active="true"] > .chart-name { fill: var(--chart-lit); }
.chart .chart-taken > .chart-line { stroke: var(--chart-taken); stroke-width: 2.2; }
.chart .chart-taken > .chart-head,
.chart .chart-arrow.chart-taken circle { fill: var(--chart-taken); }
.chart .chart-taken > text { fill: var(--chart-taken); font-weight: 600; }
@media (prefers-reduced-motion: no-preference) {
  .chart .chart-box { transition: fill 150ms, stroke 150ms; }
  .chart .chart-latest > .chart-line { stroke-dasharray: 8 6; animation: chart-flow 900ms linear; }
  .chart .chart-latest > text { animation: chart-flash 900ms ease-out; }
  @keyframes chart-flow { from { stroke-dashoffset: 56; } to { stroke-dashoffset: 0; } }
  @keyframes chart-flash { from { opacity: 0.2; } to { opacity: 1; } }
}
`;

/** What is around a chart in a page. */
const LIVE_STYLE = `
.chart-view { position: relative; }
.chart-place { margin: 0; height: clamp(18rem, 70vh, 60rem); overflow: hidden; touch-action: none; }
.chart-place { contain: content; }
@media (prefers-reduced-motion: no-preference) {
  .chart .chart-latest-again > .chart-line { stroke-dasharray: 8 6; }
  .chart .chart-latest-again > .chart-line { animation: chart-flow-again 900ms linear; }
  .chart .chart-latest-again > text { animation: chart-flash-again 900ms ease-out; }
  @keyframes chart-flow-again { from { stroke-dashoffset: 56; } to { stroke-dashoffset: 0; } }
  @keyframes chart-flash-again { from { opacity: 0.2; } to { opacity: 1; } }
}
.chart-place .chart { width: 100%; height: 100%; display: block; cursor: grab; user-select: none; }
.chart-place .chart-state:focus { outline: none; }
.chart-place .chart-state:focus-visible > .chart-box {
  stroke: var(--chart-taken); stroke-width: 3;
}
.chart-buttons {
  position: absolute; z-index: 1; right: 0.5rem; top: 0.5rem; display: flex; gap: 0.25rem;
}
.chart-buttons button { min-width: 2.2rem; min-height: 2.2rem; }
.chart-details { min-height: 5.5rem; max-height: 11rem; overflow: auto; font-size: 0.875rem; }
.chart-details p { white-space: pre-line; margin: 0 0 0.5rem; }
.chart-list { overflow-x: auto; }
.chart-table { border-collapse: collapse; font-size: 0.8125rem; }
.chart-table caption { text-align: left; padding: 0.25rem 0; }
.chart-table th, .chart-table td { text-align: left; vertical-align: top; padding: 0.2rem 0.6rem; }
.chart-table tr[data-possible="false"] { opacity: 0.75; }
.chart-table tr[data-taken="true"] td { font-weight: 600; }
`;

let adopted: WeakSet<Document> | undefined;

/** Gives a page this style once. A sheet made by script needs nothing of the page's policy. */
export function adoptChartStyle(document: Document): void {
  adopted ??= new WeakSet();
  if (adopted.has(document)) return;
  adopted.add(document);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CHART_STYLE + LIVE_STYLE);
  document.adoptedStyleSheets.push(sheet);
}
