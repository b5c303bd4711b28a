/**
 * One trace per change without a word about traces on the wire: every process derives its id from
 * what it knows of the change anyway, the position to which it leads.
 */

import {
  type Context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { platform } from '#platform';
import type { Point } from '../../machines/protocol.js';

const SPAN_HEX = 16;

/** Of the 16 bytes that a digest has as base64url. */
function hexOf(digest: string): string {
  const text = atob(digest.replaceAll('-', '+').replaceAll('_', '/'));
  return Array.from(text, (letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/**
 * The context under which all spans of a change stand. No span has its id: it is what they all
 * derive, and is marked sampled so that a sampler that follows its parent does not drop them.
 */
export function traceOf(item: string, lineage: string, to: Point): SpanContext {
  const name = JSON.stringify([item, lineage, to.version, to.digest]);
  const traceId = hexOf(platform.digest('replichart trace\n', name));
  return {
    traceId,
    // Unique within its trace is enough.
    spanId: traceId.slice(0, SPAN_HEX),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

/** The context in which a span of this change begins. */
export function contextOf(item: string, lineage: string, to: Point): Context {
  return trace.setSpanContext(ROOT_CONTEXT, traceOf(item, lineage, to));
}

/** From a span that covers several changes to the trace of one of them. */
export function linkTo(item: string, lineage: string, to: Point): Link {
  const attributes = { 'replichart.version': to.version };
  return { context: traceOf(item, lineage, to), attributes };
}
