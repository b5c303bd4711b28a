/** Throw-away certificates for tests, made by the `openssl` command where there is one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

/** Self-signed, for 127.0.0.1; it is its own `ca`. */
export function selfSigned(name: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'replichart-tls-'));
  try {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-nodes', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...request, ...subject, ...files], { stdio: 'pipe' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
