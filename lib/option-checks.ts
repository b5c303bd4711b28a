/** Checks of the options that masters and slaves share. */
import { isWellFormed } from './codec/well-formed.js';
import { linkOption } from './inspector/remote/link.js';
import { functionOption, type OptionCheck, objectOption, required } from './options.js';

/** Names become keys of stores and fields of frames. */
const NAME_LENGTH_MAX = 200;

/** A name people choose: an item, a slave's id. */
export const nameOption: OptionCheck = (value) => {
  if (value === undefined) return null;
  const isShort = typeof value === 'string' && value.length > 0 && value.length <= NAME_LENGTH_MAX;
  if (!isShort) return `a text of 1 to ${NAME_LENGTH_MAX} characters`;
  // It would be another name on the other side of the wire.
  return isWellFormed(value) ? null : 'a text without half characters';
};

function withMethods(what: string, ...methods: readonly string[]): OptionCheck {
  return (value) => {
    if (value === undefined) return null;
    const object = value as Readonly<Record<string, unknown>> | null;
    const isFit =
      (typeof object === 'object' || typeof object === 'function') &&
      object !== null &&
      methods.every((method) => typeof object[method] === 'function');
    return isFit ? null : what;
  };
}

export function transportOption(role: 'master' | 'slave'): OptionCheck {
  const maker = role === 'master' ? 'tcpListen({ port })' : 'tcpConnect({ host, port })';
  const wanted = `a ${role}'s transport, such as ${maker}`;
  const hasMethods = withMethods(wanted, 'open', 'close', 'send');
  return required(
    (value) => hasMethods(value) ?? ((value as { role?: unknown }).role === role ? null : wanted),
    wanted,
  );
}

export function layerOption(factory: string, method: string): OptionCheck {
  const wanted = 'a layer, such as document(...) or keyValue()';
  const isDefinition = withMethods(wanted, factory);
  const isLayer = withMethods(wanted, method, 'position', 'commit');
  return required(
    (value) => (isDefinition(value) === null || isLayer(value) === null ? null : wanted),
    wanted,
  );
}

const inspectOption: OptionCheck = (value) => {
  const inspectors = Array.isArray(value) ? value : [value];
  const isFit = inspectors.every((each) => typeof each === 'function');
  return value === undefined || isFit ? null : 'a function, or a list of functions';
};

export const sharedChecks = {
  item: required(nameOption, 'the name of the replicated data set'),
  id: nameOption,
  store: withMethods('a store, such as diskStore(path)', 'open'),
  inspect: inspectOption,
  inspector: linkOption,
  clock: objectOption,
  ids: functionOption,
};

/** Whose yes a two-phase change needs (P14). */
export const participantsOption: OptionCheck = (value) => {
  if (value === undefined || value === 'connected' || value === 'known') return null;
  if (typeof value === 'function') return null;
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return null;
  const k = (value as { quorum?: unknown } | null)?.quorum;
  if (Number.isSafeInteger(k) && (k as number) > 0) return null;
  return '"connected", "known", a list of slave ids, a function of a slave, or quorum(k)';
};

/** What one of them means that cannot be reached. */
export const unreachableOption: OptionCheck = (value) => {
  if (value === undefined || value === 'abort' || value === 'defer') return null;
  const k = (value as { exclude?: unknown } | null)?.exclude;
  if (Number.isSafeInteger(k) && (k as number) > 0) return null;
  return '"abort", "defer" or { exclude: k }';
};

/** The layer of this role: made by a definition, or the host's own. */
export function layerOf<Layer>(data: unknown, factory: string): Layer {
  const definition = data as Readonly<Record<string, unknown>>;
  const make = definition[factory];
  return (typeof make === 'function' ? make.call(data) : data) as Layer;
}

/** Options whose values are in no message: a link holds a token. */
export const SECRET_OPTIONS: readonly string[] = ['inspector'];
