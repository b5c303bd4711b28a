/** The headers of every answer, and short answers. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Refusal } from './admission.js';

/**
 * The page loads from here alone, compiles its own WebAssembly (the graph layout), and is shown in
 * no other page. Inline scripts and styles are refused; styles set by script are not inline.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const SAFE_HEADERS: OutgoingHttpHeaders = Object.freeze({
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
});

export function replyText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  response.writeHead(status, { ...SAFE_HEADERS, ...type, ...headers });
  response.end(`${text}\n`);
}

const HINTS: Readonly<Record<number, OutgoingHttpHeaders>> = {
  401: { 'www-authenticate': 'Bearer' },
  503: { 'retry-after': '5' },
};

/** Ends the connection too: a body that was not asked for is not read. */
export function refuse(response: ServerResponse, { status, reason }: Refusal): void {
  replyText(response, status, reason, { connection: 'close', ...HINTS[status] });
}
