/** Makes the option `inspector` one more of those that are told everything. */
import { reasonOf } from '../../errors.js';
import type { InspectOption } from '../../service/inspection.js';
import type { RemoteInspector } from './remote-inspector.js';

interface Inspected {
  readonly inspect?: InspectOption;
}

export interface Attached<Settings> {
  readonly settings: Settings;
  /** Sends what is left, for a bounded time; never rejects. */
  readonly detach: () => Promise<void>;
}

/**
 * The settings of one run.
 * @param link of an inspector, or undefined: then nothing is loaded
 * @param troubled told once about each thing that is wrong with it
 */
export async function attachInspector<Settings extends Inspected>(
  settings: Settings,
  link: string | undefined,
  troubled: (code: string, reason: string) => void,
): Promise<Attached<Settings>> {
  if (link === undefined) return { settings, detach: async () => undefined };
  let remote: RemoteInspector;
  try {
    const { connectInspector } = await import('./remote-inspector.js');
    remote = connectInspector(link, troubled);
  } catch (error) {
    // Watching is not what the host runs for.
    troubled('NOT_RUNNING', `the inspector could not be loaded: ${reasonOf(error)}`);
    return { settings, detach: async () => undefined };
  }
  const { inspect = [] } = settings;
  const others = typeof inspect === 'function' ? [inspect] : inspect;
  return { settings: { ...settings, inspect: [...others, remote.inspect] }, detach: remote.close };
}
