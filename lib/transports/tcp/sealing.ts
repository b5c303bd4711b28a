/**
 * A shared secret as TLS 1.3 with that secret as its pre-shared key: both sides prove to know it,
 * and with the ephemeral keys of that handshake (X25519) every byte is encrypted and sealed
 * (AES-128-GCM). No certificate is involved, and none is accepted in its place.
 */
import { hkdfSync } from 'node:crypto';
import type * as tls from 'node:tls';
import { ReplicationError } from '../../errors.js';

/** Of the ciphers of TLS 1.3 those with SHA-256 take pre-shared keys in Node. */
const COMMON = {
  ciphers: 'TLS_AES_128_GCM_SHA256',
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
} as const;

export interface SealKey {
  /** Tells the master which key of its keyring is meant; says nothing of the key itself. */
  readonly id: string;
  readonly psk: Buffer;
}

export function sealKeyOf(key: Uint8Array): SealKey {
  const derive = (use: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', key, '', `replichart tcp 1 ${use}`, bytes));
  return { id: derive('key id', 16).toString('hex'), psk: derive('seal', 32) };
}

/** @param keyOf the key of an id, or undefined; asked with each connection, so keys may change */
export function sealedServer(
  keyOf: (socket: tls.TLSSocket, id: string) => SealKey | undefined,
): tls.TlsOptions {
  const pskCallback = (socket: tls.TLSSocket, id: string) => keyOf(socket, id)?.psk ?? null;
  return { ...COMMON, requestCert: false, pskCallback };
}

export function sealedClient({ id, psk }: SealKey, other: string): tls.ConnectionOptions {
  return {
    ...COMMON,
    ca: [],
    rejectUnauthorized: true,
    pskCallback: () => ({ psk, identity: id }),
    // Asked only when the other side showed a certificate in place of the secret.
    checkServerIdentity: () => {
      const message = `${other} showed a certificate and did not prove to know the secret`;
      return new ReplicationError('UNAUTHORIZED', message);
    },
  };
}
