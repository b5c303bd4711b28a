/**
 * `node:tls`, loaded when a connection wants it: an import, static or not, also makes the texts of
 * all root certificates. A process that does without TLS saves 1.7 MiB and 5 ms of its start.
 */
import { createRequire } from 'node:module';
import type * as tls from 'node:tls';

const require = createRequire(import.meta.url);

export const lazyTls = (): typeof tls => require('node:tls') as typeof tls;
