/** One key at one version: what the table, its list and its views are made of. */
import type { PackedTexts } from './packed-texts.js';

/** Marks a cell whose text was not decoded yet; undefined is a value. */
export const UNREAD: unique symbol = Symbol('replichart.unread');

/** One key at one version. */
export interface Cell {
  readonly key: string;
  /** The encoded value, perhaps among others of its block; undefined where the key was deleted. */
  text: string | PackedTexts | undefined;
  version: number;
  /** Place within the delta or snapshot of `version`: orders the list after a restart. */
  place: number;
  value: unknown;
  previous: Cell | undefined;
  next: Cell | undefined;
  /** The ghost this one replaced, kept for views. */
  older: Cell | undefined;
  /** What replaced this one: makes it a ghost. */
  newer: Cell | undefined;
}

/** The encoded value as a text of its own. */
export function textOf({ text, place }: Cell): string | undefined {
  return typeof text === 'object' ? text.textAt(place) : text;
}
