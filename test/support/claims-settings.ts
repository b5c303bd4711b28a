/** The data most claims are shown on: a settings document whose kind of change picks the method. */

import { document } from '../../lib/layers/document/document.js';
import type { DocumentMasterData } from '../../lib/layers/document/master.js';
import type { DocumentSlaveData } from '../../lib/layers/document/slave.js';
import { limits, serviceLimits } from '../../lib/limits.js';
import type { Method } from '../../machines/protocol.js';

export interface Settings {
  readonly theme: string;
  /** A change of the route must happen on all copies or on none. */
  readonly route: string;
  /** Long text, for deltas that do not fit into an announcement. */
  readonly text: string;
}

export type SettingsMaster = DocumentMasterData<Settings>;
export type SettingsSlave = DocumentSlaveData<Settings>;

export const INITIAL: Settings = { theme: 'light', route: 'blue', text: '' };
/** What a slave answers before its first copy. */
export const NOTHING: Settings = { theme: 'none', route: 'none', text: '' };

/** A delta of this much is not sent along: each slave asks for it. */
export function longText(letter: string): string {
  return letter.repeat(Math.min(serviceLimits.inlineBytesMax * 2, limits.frameBytesMax / 2));
}

function methodByType(next: Settings, previous: Settings | undefined): Method {
  return next.route === previous?.route ? 'one-phase' : 'two-phase';
}

/** `prepare` is the host's say on a slave; it throws `Veto` for no. */
export function settings(prepare?: (next: Settings, previous: Settings | undefined) => unknown) {
  const hook = prepare === undefined ? {} : { prepare: asHook(prepare) };
  return document<Settings>(INITIAL, { methodFor: methodByType, ...hook });
}

function asHook(prepare: (next: Settings, previous: Settings | undefined) => unknown) {
  return (next: Settings, previous: Settings | undefined): void | Promise<void> => {
    const answer = prepare(next, previous);
    if (answer instanceof Promise) return answer.then(() => {});
  };
}
