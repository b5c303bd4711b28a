/** The link that an inspector prints: where it is and who may come in. */
import { ReplicationError } from '../../errors.js';
import type { OptionCheck } from '../../options.js';

export interface InspectorLink {
  /** Ends with a slash. */
  readonly address: string;
  readonly token: string;
}

const EXAMPLE = 'http://127.0.0.1:7500/#token=...';
const FRAGMENT = /^#token=([A-Za-z0-9_-]{1,200})$/;

function linkFrom(text: unknown): InspectorLink | null {
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  const url = new URL(text);
  const token = FRAGMENT.exec(url.hash)?.[1];
  const isPlain = url.pathname === '/' && url.search === '' && url.username === '';
  if (token === undefined || !isPlain || !/^https?:$/.test(url.protocol)) return null;
  return { address: `${url.origin}/`, token };
}

/** The token stays behind the `#`, which nothing sends or logs. */
export function linkText(address: string, token: string): string {
  return `${address}#token=${token}`;
}

/**
 * @throws {ReplicationError} INVALID_OPTION; the message does not hold what was given, since that
 * may be a token
 */
export function parseLink(text: string): InspectorLink {
  const link = linkFrom(text);
  if (link !== null) return link;
  const message = `no link of an inspector: it looks like ${EXAMPLE}, with its token`;
  throw new ReplicationError('INVALID_OPTION', message);
}

export const linkOption: OptionCheck = (value) => {
  if (value === undefined || linkFrom(value) !== null) return null;
  return `the whole link that an inspector prints, such as ${EXAMPLE}`;
};
