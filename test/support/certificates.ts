/** Throw-away certificates for tests, made by the `openssl` command where there is one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/**
 * Whether certificates can be made here. A machine without openssl skips the TLS tests by name;
 * under CI a missing component is a failure.
 */
export function hasOpenssl(): boolean {
  if (spawnSync('openssl', ['version']).status === 0) return true;
  if (process.env.CI) throw new Error('CI needs the openssl command for the TLS tests');
  return false;
}

function inFolder<Result>(work: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'replichart-tls-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** Self-signed, for 127.0.0.1, and it names no role; it is its own `ca`. */
export function selfSigned(name: string): Certificate {
  return inFolder((folder) => {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-days', '2', '-keyout', key, '-out', cert];
    openssl(['req', '-x509', ...NEW_KEY, ...subject, ...files]);
    return { key: readFileSync(key), cert: readFileSync(cert) };
  });
}

/** What to issue: `names` are entries of subjectAltName; `days` may be negative, for expired. */
export interface Issue {
  readonly names: readonly string[];
  readonly days?: number;
}

/** An authority of a test, which signs what it is told to. */
export class Authority {
  readonly #own: Certificate = selfSigned('authority');

  get cert(): Buffer {
    return this.#own.cert;
  }

  /** A certificate for 127.0.0.1 with this role and name, and `ca` beside it. */
  issue(role: 'master' | 'slave', name: string, days = 2): Certificate & { readonly ca: Buffer } {
    return this.sign({ names: [`URI:replichart:${role}:${name}`], days });
  }

  sign({ names, days = 2 }: Issue): Certificate & { readonly ca: Buffer } {
    return inFolder((folder) => {
      const path = (name: string) => join(folder, name);
      writeFileSync(path('ca.key'), this.#own.key);
      writeFileSync(path('ca.pem'), this.#own.cert);
      const subject = ['-subj', '/CN=node', '-addext'];
      const alternatives = `subjectAltName=${['IP:127.0.0.1', ...names].join(',')}`;
      const request = ['-keyout', path('key.pem'), '-out', path('request.pem')];
      openssl(['req', ...NEW_KEY, ...subject, alternatives, ...request]);
      const authority = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial'];
      const to = ['-copy_extensions', 'copy', '-days', String(days), '-out', path('cert.pem')];
      openssl(['x509', '-req', '-in', path('request.pem'), ...authority, ...to]);
      const [key, cert] = [readFileSync(path('key.pem')), readFileSync(path('cert.pem'))];
      return { key, cert, ca: this.#own.cert };
    });
  }
}
