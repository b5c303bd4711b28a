/**
 * Whole states in parts, as lib/service/transfer-receiver.ts takes them: parts of one build in
 * their order, parts of another only from its first one on, and a resume names the build (P6).
 */
import type { Enveloped, Position } from '../../machines/index.js';
import type { SlaveEffects } from '../../machines/slave-context.js';
import type { Effect } from '../support/stepper.js';

export const PARTS = 2;

/** How a slave of this configuration takes whole states; `mixed` is a mistake. */
export type Receiving = 'whole' | 'parts' | 'mixed';

export interface Transfer {
  readonly build: string;
  readonly parts: readonly string[];
}

export type Part = Extract<Enveloped, { kind: 'delta' | 'snapshot' }>;

export const partOf = (digest: string, index: number): string => `${digest}#${index}`;

export const isWhole = ({ parts }: Transfer): boolean => parts.length === PARTS;

/** What becomes of a part: the next one of what is under way, the first of a new build, nothing. */
export function placeOf(
  receiving: Receiving,
  transfer: Transfer | null,
  isExpecting: boolean,
  part: Part,
): 'next' | 'first' | 'none' {
  const isNext = transfer !== null && part.index === transfer.parts.length;
  if (isNext && receiving === 'mixed') return 'next';
  if (transfer?.build === part.build) return isNext ? 'next' : 'none';
  if (transfer !== null && isWhole(transfer)) return 'none';
  return part.index === 0 && (isExpecting || transfer !== null) ? 'first' : 'none';
}

/** An installation reads its parts, and ends only once all of them are here. */
export function isWaiting(job: Effect, receiving: Receiving, transfer: Transfer | null): boolean {
  if (receiving === 'whole' || job.type !== 'installCopy') return false;
  const { build } = job.params as SlaveEffects['installCopy'];
  return transfer === null || transfer.build !== build || !isWhole(transfer);
}

/** Whether these are the parts of that state, and of no other. */
export function isOf({ parts }: Transfer, { digest }: Position): boolean {
  return parts.every((part, index) => part === partOf(digest, index));
}
