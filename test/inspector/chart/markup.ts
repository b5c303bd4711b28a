/** A strict reader of the SVG that we write: what it cannot read, a browser might misread. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

const TAG = /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<>]*")*)(\/?)>/y;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#10;': '\n',
  '&#9;': '\t',
  '&#13;': '\r',
};

function plain(text: string): string {
  return text.replace(/&[^;]*;?/g, (entity) => {
    const known = ENTITIES[entity];
    if (known === undefined) throw new Error(`"${entity}" is no entity of ours`);
    return known;
  });
}

function attributesOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/ ([a-zA-Z-]+)="([^"]*)"/g)];
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, plain(value)]));
}

/** Every element, in order of their end; throws where tags do not nest. */
export function readMarkup(markup: string): Element[] {
  const found: Element[] = [];
  const open: { tag: string; attributes: Record<string, string>; text: string }[] = [];
  let at = 0;
  while (at < markup.length) {
    const next = markup.indexOf('<', at);
    const text = plain(markup.slice(at, next < 0 ? undefined : next));
    const inside = open.at(-1);
    if (inside !== undefined) inside.text += text;
    else if (text.trim() !== '') throw new Error(`text outside everything: ${text}`);
    if (next < 0) break;
    TAG.lastIndex = next;
    const [whole, slash, tag = '', attributes = '', ends] = TAG.exec(markup) ?? [];
    if (whole === undefined) throw new Error(`no tag: ${markup.slice(next, next + 60)}`);
    at = next + whole.length;
    if (slash === '/') {
      const last = open.pop();
      if (last?.tag !== tag) throw new Error(`</${tag}> ends <${last?.tag}>`);
      found.push(last);
    } else if (ends === '/') found.push({ tag, attributes: attributesOf(attributes), text: '' });
    else open.push({ tag, attributes: attributesOf(attributes), text: '' });
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.tag}> does not end`);
  return found;
}
