/** Parsers of option values. Commander puts the option's name before the message they throw. */
import { isIPv6 } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** Where to listen or connect. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

function addressFrom(text: string, portMin: number): Address {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (parts === null) {
    const hint = isIPv6(text) ? `; an IPv6 address goes in brackets: [${text}]:7400` : '';
    throw new InvalidArgumentError(`It must be HOST:PORT, such as 127.0.0.1:7400${hint}.`);
  }
  const [, bracketed, plain, digits] = parts;
  const host = bracketed ?? plain ?? '';
  if (bracketed !== undefined && !isIPv6(bracketed)) {
    throw new InvalidArgumentError(`"${bracketed}" is no IPv6 address, and only those take [ ].`);
  }
  const port = Number(digits);
  if (port < portMin || port > PORT_MAX) {
    throw new InvalidArgumentError(`The port must be a number from ${portMin} to ${PORT_MAX}.`);
  }
  return { host, port };
}

/** `HOST:PORT` or `[IPV6]:PORT`; port 0 lets the system choose. */
export function parseListenAddress(text: string): Address {
  return addressFrom(text, 0);
}

/** As above, without port 0. */
export function parseConnectAddress(text: string): Address {
  return addressFrom(text, 1);
}

/** An address as people write it. */
export function addressText({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Makes a parser of whole numbers from `min` to `max`. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Milliseconds from 1 up to a day: longer ones are typing errors, and timers have a limit. */
export const parseMilliseconds = integerBetween(1, DAY_MS);

const NAME_BYTES_MAX = 200;

/** A name that goes into messages, tables and store keys: no control characters, not empty. */
export function parseName(text: string): string {
  if (text.trim() === '' || /\p{Cc}/u.test(text)) {
    throw new InvalidArgumentError('It must be a name without control characters, not empty.');
  }
  if (Buffer.byteLength(text) > NAME_BYTES_MAX) {
    throw new InvalidArgumentError(`It must be at most ${NAME_BYTES_MAX} bytes long.`);
  }
  return text;
}

/** A path; an empty one would mean the working folder by accident. */
export function parsePath(text: string): string {
  if (text !== '' && !text.includes('\0')) return text;
  throw new InvalidArgumentError('It must be a path, not empty.');
}
