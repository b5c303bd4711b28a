/**
 * `--secret-file`, `--tls-cert`, `--tls-key` and `--tls-ca`: what proves who this node is. The
 * files are followed: a renewed certificate or keyring is used from then on, without a restart.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { ReplicationError, reasonOf } from '../errors.js';
import { namesOf } from '../transports/certificate-names.js';
import type { Output } from './output.js';
import { readSecret } from './secret-file.js';
import { parsePath } from './values.js';

export interface CredentialOptions {
  readonly secretFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

interface Files {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** What `tcpListen`, `tcpConnect` and their `renew` take. */
export interface Credentials {
  readonly secret?: readonly string[];
  readonly tls?: Files;
}

/** Often enough for people who wait for it, seldom enough to cost nothing. */
const LOOK_EVERY_MS = 2000;

export function addCredentialOptions(command: Command): Command {
  return command
    .option('--secret-file <file>', 'the shared secret; several lines are a keyring', parsePath)
    .option('--tls-cert <file>', 'certificate of this node (PEM), for TLS', parsePath)
    .option('--tls-key <file>', 'private key of that certificate (PEM)', parsePath)
    .option('--tls-ca <file>', 'certificate of the authority of all nodes (PEM)', parsePath);
}

function refuse(message: string, cause?: unknown): never {
  throw new ReplicationError('INVALID_OPTION', message, { cause });
}

async function read(option: string, path: string): Promise<Buffer> {
  return readFile(path).catch((thrown: unknown) =>
    refuse(`${option} ${path} cannot be read: ${reasonOf(thrown)}`, thrown),
  );
}

function parsed<Value>(option: string, path: string, what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (thrown) {
    return refuse(`${option} ${path} holds no ${what} in PEM: ${reasonOf(thrown)}`, thrown);
  }
}

/** What the other side would refuse is said here, before anybody is connected to. */
function checkCertificate(
  role: 'master' | 'slave',
  { tlsCert = '', tlsKey = '' }: CredentialOptions,
  files: Files,
): void {
  const what = `--tls-cert ${tlsCert}`;
  const cert = parsed('--tls-cert', tlsCert, 'certificate', () => new X509Certificate(files.cert));
  const key = parsed('--tls-key', tlsKey, 'private key', () => createPrivateKey(files.key));
  if (!cert.checkPrivateKey(key)) refuse(`${what} and --tls-key ${tlsKey} do not belong together`);
  if (Date.parse(cert.validTo) < Date.now()) refuse(`${what} has expired on ${cert.validTo}`);
  if (namesOf(cert.subjectAltName, role).length > 0) return;
  refuse(
    `${what} was not issued for a ${role}: its subjectAltName must hold ` +
      `URI:replichart:${role}:NAME`,
  );
}

/** @throws {ReplicationError} INVALID_OPTION naming the option, its file and what is wrong */
export async function readCredentials(
  role: 'master' | 'slave',
  options: CredentialOptions,
): Promise<Credentials> {
  const text = await readSecret(options.secretFile);
  const secret = text?.split(/\r?\n/).filter((line) => line !== '');
  const { tlsCert, tlsKey, tlsCa } = options;
  const given = [tlsCert, tlsKey, tlsCa].filter((path) => path !== undefined);
  if (given.length === 0) return secret === undefined ? {} : { secret };
  if (tlsCert === undefined || tlsKey === undefined || tlsCa === undefined) {
    return refuse('--tls-cert, --tls-key and --tls-ca go together: give all three');
  }
  const [cert, key, ca] = await Promise.all([
    read('--tls-cert', tlsCert),
    read('--tls-key', tlsKey),
    read('--tls-ca', tlsCa),
  ]);
  const tls = { cert, key, ca };
  checkCertificate(role, options, tls);
  parsed('--tls-ca', tlsCa, 'certificate', () => new X509Certificate(ca));
  return secret === undefined ? { tls } : { secret, tls };
}

/** The id that a slave's certificate is for; null where it may have any. */
export function certifiedId({ tls }: Credentials): string | null {
  if (tls === undefined) return null;
  const [name = '*'] = namesOf(new X509Certificate(tls.cert).subjectAltName, 'slave');
  return name === '*' ? null : name;
}

function isSame(left: Credentials, right: Credentials): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/**
 * Looks at the files and renews the transport's credentials when they changed. Files that cannot
 * be used, half-written ones too, are told once, and the old ones stay in use.
 */
export function followCredentials(
  role: 'master' | 'slave',
  options: CredentialOptions,
  first: Credentials,
  transport: { renew(credentials: Credentials): void },
  output: Output,
): () => void {
  let inUse = first;
  let told = '';
  const look = async (): Promise<void> => {
    try {
      const found = await readCredentials(role, options);
      if (isSame(found, inUse)) return;
      transport.renew(found);
      inUse = found;
      told = '';
      output.event('credentials', 'new credentials are in use for new connections');
    } catch (thrown) {
      const text = `new credentials are not used: ${reasonOf(thrown)}`;
      if (text !== told) output.problem('credentials', text);
      told = text;
    }
  };
  if (first.secret === undefined && first.tls === undefined) return () => undefined;
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
