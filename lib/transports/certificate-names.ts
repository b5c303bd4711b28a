/**
 * What a certificate says its holder may be. An authority also signs certificates of web servers
 * and of the other role; `URI:replichart:ROLE:NAME` in a certificate's subjectAltName says that
 * this one is for replication, as what, and under which name (threats A1, A16).
 */
import { ReplicationError } from '../errors.js';
import type { OptionCheck } from '../options.js';
import type { Role } from './hello.js';

/**
 * Which certificates the other side may show. By default: one issued for its role, with any name.
 * A list: one of these names. `'authority'`: whatever the `ca` signed; then a slave's certificate
 * can be a master's, and a slave can speak under any id.
 */
export type TcpPeers = readonly string[] | 'authority';

export const peersOption: OptionCheck = (value) => {
  const isList = Array.isArray(value) && value.length > 0;
  const fits = isList && value.every((name) => typeof name === 'string' && name !== '');
  return value === undefined || value === 'authority' || fits
    ? null
    : 'a list of names in certificates, or "authority"';
};

/** One entry as `node:crypto` writes it: those with a comma or a quote are JSON strings. */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?=, |$)/y;
const NAME = /^replichart:(master|slave):(.+)$/;
/** In place of a name: the holder may use any id. */
const ANY_NAME = '*';

function uriOf(value: string): string {
  return value.startsWith('"') ? String(JSON.parse(value)) : value;
}

/** The names for `role`, in their order; characters that no URI has are percent-encoded in it. */
export function namesOf(subjectAltName: string | undefined, role: Role): readonly string[] {
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  // What cannot be read to its end says nothing: half of it could be somebody's invention.
  for (let read = 0; read < (subjectAltName?.length ?? 0); read = ENTRY.lastIndex) {
    const entry = ENTRY.exec(subjectAltName ?? '');
    if (entry === null) return [];
    const [, kind, value = ''] = entry;
    if (kind !== 'URI') continue;
    try {
      const [, found, name = ''] = NAME.exec(uriOf(value)) ?? [];
      if (found === role) names.push(decodeURIComponent(name));
    } catch {
      // A damaged escape: this entry names nobody.
    }
  }
  return names;
}

/** Whether the holder of these names may speak as `id`: its name, or anything below `name/`. */
export function covers(names: readonly string[], id: string): boolean {
  return names.some((name) => name === ANY_NAME || id === name || id.startsWith(`${name}/`));
}

const OTHER: Readonly<Record<Role, Role>> = { master: 'slave', slave: 'master' };

/**
 * Why a certificate with this subjectAltName does not fit a peer of this role, or null.
 * @param peers the option; the certificate's signature and dates were checked before
 */
export function reasonAgainstNames(
  subjectAltName: string | undefined,
  role: Role,
  peers: TcpPeers | undefined,
): string | null {
  if (peers === 'authority') return null;
  const names = namesOf(subjectAltName, role);
  if (names.length === 0) {
    const [instead] = namesOf(subjectAltName, OTHER[role]);
    const what =
      instead === undefined
        ? 'names no role'
        : `was issued for a ${OTHER[role]} ("${instead.slice(0, 80)}")`;
    return (
      `its certificate ${what}, not for a ${role}: issue it with subjectAltName ` +
      `URI:replichart:${role}:NAME, or say peers: 'authority' to accept all your authority signs`
    );
  }
  if (peers === undefined || names.some((name) => peers.includes(name))) return null;
  const shown = names.map((name) => `"${name.slice(0, 80)}"`).join(', ');
  return `its certificate is for ${shown}, which is not in the option "peers"`;
}

/** The same as the error it is. */
export function refusalOfNames(other: string, reason: string): ReplicationError {
  return new ReplicationError('UNAUTHORIZED', `${other} was refused, ${reason}`);
}
