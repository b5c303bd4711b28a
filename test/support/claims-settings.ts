/** The data most claims are shown on: a settings document whose kind of change picks the method. */

import { budgetOf, VALUE_BUDGET } from '../../lib/codec/budget.js';
import { Veto } from '../../lib/errors.js';
import { type DocumentDelta, documentCodec } from '../../lib/layers/document/delta.js';
import { document } from '../../lib/layers/document/document.js';
import type { DocumentMasterData } from '../../lib/layers/document/master.js';
import type { DocumentSlaveData } from '../../lib/layers/document/slave.js';
import { limits, serviceLimits } from '../../lib/limits.js';
import type { ReplicationTask, UpdateOptions } from '../../lib/service/task.js';
import type { Method } from '../../machines/protocol.js';
import { type Cluster, type ClusterSetup, withCluster } from './claims-cluster.js';
import { sameBytes } from './claims-journal.js';
import type { Change } from './claims-methods.js';

export interface Settings {
  theme: string;
  /** A change of the route must happen on all copies or on none. */
  route: string;
  /** Long text, for deltas that do not fit into an announcement. */
  text: string;
}

export type SettingsMaster = DocumentMasterData<Settings>;
export type SettingsSlave = DocumentSlaveData<Settings>;

/** For decoding deltas in tests: patches are a few levels deeper than the tree. */
export const WIRE_BUDGET = budgetOf(undefined, VALUE_BUDGET);

export const INITIAL: Settings = { theme: 'light', route: 'blue', text: '' };

/** Slaves with this layer refuse every new route. */
export const REFUSING = settings((next, previous) => {
  if (previous !== undefined && next.route !== previous.route) throw new Veto('not here');
});

/** Short enough for tests that wait for repetitions. */
export const HEARTBEAT = { master: { heartbeat: 200 } };

export type SettingsCluster = Cluster<SettingsMaster, SettingsSlave>;

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

/** As `withCluster`, on a settings document; two slaves, a and b, unless told otherwise. */
export function withSettings(
  use: (cluster: SettingsCluster) => Promise<void>,
  setup: Partial<ClusterSetup<SettingsMaster, SettingsSlave>> = {},
): Promise<void> {
  return withCluster({ data: settings(), ...setup }, use);
}

/** One-phase by its type. */
export function setTheme({ master }: SettingsCluster, theme: string): ReplicationTask {
  return master.data.update((draft) => {
    draft.theme = theme;
  });
}

/** Two-phase by its type. */
export function setRoute(
  { master }: SettingsCluster,
  route: string,
  options?: UpdateOptions,
): ReplicationTask {
  return master.data.update((draft) => {
    draft.route = route;
  }, options);
}

/** A change of each type, for the closing sentence of the independent claims. */
export function changesOf(cluster: SettingsCluster): Record<Method, Change<SettingsSlave>> {
  const { text, route } = cluster.master.data.get();
  const [newText, newRoute] = [longText(`${text.length % 7}`), `${route}+`];
  return {
    'one-phase': {
      make: () =>
        cluster.master.data.update((draft) => {
          draft.text = newText;
        }),
      read: (copy) => copy.get().text,
      before: text,
      after: newText,
    },
    'two-phase': {
      make: () => setRoute(cluster, newRoute),
      read: (copy) => copy.get().route,
      before: route,
      after: newRoute,
    },
  };
}

/** Whether these bytes of a frame are this delta, as a user layer has it in its hands. */
export function carries(body: unknown, delta: unknown): boolean {
  if (!(body instanceof Uint8Array)) return false;
  return sameBytes(documentCodec.encode(delta as DocumentDelta), body);
}
