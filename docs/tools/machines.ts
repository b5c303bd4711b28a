import type { AnyStateMachine } from 'xstate';

/** The machines of the protocol by the name of their page. */
export const MACHINE_EXPORTS = {
  master: 'masterMachine',
  slave: 'slaveMachine',
  session: 'sessionMachine',
  node: 'nodeMachine',
  relay: 'relayMachine',
} as const;

export type MachineName = keyof typeof MACHINE_EXPORTS;

export const MACHINE_NAMES = Object.keys(MACHINE_EXPORTS) as readonly MachineName[];

function isMachine(value: unknown): value is AnyStateMachine {
  return typeof value === 'object' && value !== null && 'root' in value && 'idMap' in value;
}

/** Every machine that machines/index exports; fails when one of these is missing. */
export async function loadMachines(): Promise<ReadonlyMap<string, AnyStateMachine>> {
  // By address, not by name: this tool compiles before the machines do.
  const address = new URL('../../machines/index.js', import.meta.url).href;
  const exported = Object.entries((await import(address)) as Record<string, unknown>);
  const machines = new Map<string, AnyStateMachine>();
  for (const [name, value] of exported) if (isMachine(value)) machines.set(name, value);
  for (const name of Object.values(MACHINE_EXPORTS)) {
    if (!machines.has(name)) throw new Error(`machines/index.ts does not export ${name}`);
  }
  return machines;
}
