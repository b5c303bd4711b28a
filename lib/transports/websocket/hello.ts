/** The first message of either side. */
import { ReplicationError } from '../../errors.js';
import { compareHello, HELLO_BYTES, type Hello, writeHello } from '../hello.js';

/** TCP's hello differs in the last of these. */
const MAGIC = 0xab_52_43_57;
export const WEBSOCKET_VERSION = 1;
/** In which magic and version are. */
const HEAD_BYTES = 12;

export function encodeHello(hello: Hello): Uint8Array {
  return writeHello(MAGIC, WEBSOCKET_VERSION, hello);
}

function refuse(message: string): never {
  throw new ReplicationError('PROTOCOL', message);
}

/**
 * Reads a hello and holds it against our own.
 * @throws {ReplicationError} PROTOCOL for other bytes, another version, a wrong role, unknown flags
 * or another `frameBytesMax`; UNAUTHORIZED when one side uses a secret and the other does not.
 */
export function checkHello(bytes: Uint8Array, mine: Hello, other: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD_BYTES || view.getUint32(0) !== MAGIC) {
    refuse(`${other} does not speak this protocol: check the address and its path`);
  }
  const version = view.getUint8(4);
  if (version !== WEBSOCKET_VERSION) {
    refuse(
      `${other} speaks version ${version} of the WebSocket transport, this side ` +
        `version ${WEBSOCKET_VERSION}: update the older one`,
    );
  }
  if (bytes.length !== HELLO_BYTES) refuse(`${other} sent a hello of ${bytes.length} bytes`);
  compareHello(bytes, mine, other);
}
