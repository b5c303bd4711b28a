/** A value as a tree that opens; what changed last is marked. */
import { LeftOutBytes, Unshown } from '../lines/kept-value.js';
import { bytesText } from './format.js';

export interface ValueTreeProps {
  readonly name: string;
  readonly value: unknown;
  /** Paths that changed, as in `StepEntry.changed`. */
  readonly changed?: ReadonlySet<string>;
  readonly path?: string;
  readonly depth?: number;
}

/** Members shown of one value. */
const MEMBERS_MAX = 200;
const OPEN_DEPTH = 2;

type Members = ReadonlyArray<readonly [string, unknown]>;

function membersOf(value: unknown): Members | null {
  if (typeof value !== 'object' || value === null) return null;
  if (value instanceof Date || value instanceof LeftOutBytes || value instanceof Unshown)
    return null;
  if (value instanceof Uint8Array) return null;
  if (value instanceof Map) return [...value].map(([key, member]) => [String(key), member]);
  if (value instanceof Set) return [...value].map((member, index) => [String(index), member]);
  return Object.entries(value);
}

function leafText(value: unknown): string {
  if (value instanceof LeftOutBytes) return `${bytesText(value.length)}, left out`;
  if (value instanceof Uint8Array) return bytesText(value.length);
  if (value instanceof Unshown) return value.text;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'string') return value === '' ? '""' : value;
  return String(value);
}

function leafClass(value: unknown): string {
  if (typeof value === 'string') return 'leaf text';
  return typeof value === 'number' || typeof value === 'bigint' ? 'leaf figure' : 'leaf';
}

function sizeText(value: unknown, members: Members): string {
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return members.length === 0 ? `${open}${close}` : `${open}${members.length}${close}`;
}

export function ValueTree({ name, value, changed, path = '', depth = 0 }: ValueTreeProps) {
  const members = membersOf(value);
  const mark = changed?.has(path) ? 'changed' : '';
  if (members === null || members.length === 0) {
    const text = members === null ? leafText(value) : sizeText(value, members);
    return (
      <div class={`tree-row ${mark}`}>
        <span class="key">{name}</span>
        <span class={leafClass(value)}>{text}</span>
      </div>
    );
  }
  const inner = [...(changed ?? [])].some((each) => path === '' || each.startsWith(`${path}.`));
  return (
    <details class="tree" open={depth < OPEN_DEPTH || inner}>
      <summary class={mark}>
        <span class="key">{name}</span>
        <span class="muted">{sizeText(value, members)}</span>
      </summary>
      {members.slice(0, MEMBERS_MAX).map(([key, member]) => (
        <ValueTree
          key={key}
          name={key}
          value={member}
          path={path === '' ? key : `${path}.${key}`}
          depth={depth + 1}
          {...(changed === undefined ? {} : { changed })}
        />
      ))}
      {members.length > MEMBERS_MAX ? (
        <p class="muted">{members.length - MEMBERS_MAX} more</p>
      ) : null}
    </details>
  );
}
