/**
 * What only a master needs, loaded at the first start of one: in a process that has slaves only,
 * its modules and machines would take 2 MiB for nothing.
 */
type MasterModule = typeof import('./master-run.js');

let loading: Promise<MasterModule> | null = null;

export function loadMasterRun(): Promise<MasterModule> {
  loading ??= import('./master-run.js').catch((error: unknown) => {
    // A browser that could not fetch it may be able to at the next start.
    loading = null;
    throw error;
  });
  return loading;
}
