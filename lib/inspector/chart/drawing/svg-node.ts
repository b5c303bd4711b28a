/**
 * A drawing as data: written as text for files, or built with createElementNS in a page. Text gets
 * into it only as text, so no name of a state can become an element or an attribute.
 */
export interface SvgNode {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (SvgNode | string)[];
  /** What of the machine it shows; not written. */
  readonly about?: { readonly state?: string; readonly transitions?: readonly string[] };
}

export function svg(
  tag: string,
  attributes: SvgNode['attributes'],
  children: SvgNode['children'] = [],
): SvgNode {
  return { tag, attributes, children };
}

/** Characters that XML 1.0 has no way to write, halves of a pair among them. */
const UNWRITABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\r': '&#13;',
};

/** In attributes a reader of XML would make spaces of these. */
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = { '\n': '&#10;', '\t': '&#9;' };

const escapeText = (text: string): string =>
  text.replace(UNWRITABLE, '\ufffd').replace(/[&<>"'\r]/g, (found) => ESCAPES[found] ?? '');

const escapeAttribute = (text: string): string =>
  escapeText(text).replace(/[\n\t]/g, (found) => ATTRIBUTE_ESCAPES[found] ?? '');

/** A tenth of a pixel is enough, and keeps files small and equal on every machine. */
export const rounded = (value: number): number => Math.round(value * 10) / 10 || 0;

const attributeText = (value: string | number): string =>
  typeof value === 'number' ? String(rounded(value)) : value;

export function writeSvg(node: SvgNode, indent = ''): string {
  const attributes = Object.entries(node.attributes)
    .map(([name, value]) => ` ${name}="${escapeAttribute(attributeText(value))}"`)
    .join('');
  const open = `${indent}<${node.tag}${attributes}`;
  if (node.children.length === 0) return `${open}/>`;
  if (node.children.some((child) => typeof child === 'string')) {
    const inside = node.children.map((child) =>
      typeof child === 'string' ? escapeText(child) : writeSvg(child),
    );
    return `${open}>${inside.join('')}</${node.tag}>`;
  }
  const inside = node.children.map((child) => writeSvg(child as SvgNode, `${indent} `));
  return [`${open}>`, ...inside, `${indent}</${node.tag}>`].join('\n');
}

const SVG_SPACE = 'http://www.w3.org/2000/svg';

/** The same node as an element of a page; `seen` is told each with what it was made from. */
export function buildSvg(
  document: Document,
  node: SvgNode,
  seen: (element: SVGElement, node: SvgNode) => void,
): SVGElement {
  const element = document.createElementNS(SVG_SPACE, node.tag);
  for (const [name, value] of Object.entries(node.attributes)) {
    if (name !== 'xmlns') element.setAttribute(name, attributeText(value));
  }
  for (const child of node.children) {
    element.append(typeof child === 'string' ? child : buildSvg(document, child, seen));
  }
  seen(element, node);
  return element;
}
