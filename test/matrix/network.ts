/** What the matrix asks of a transport: a place where one master is, and slaves that find it. */
import type { MasterTransport, SlaveTransport } from '../../lib/transports/contract.js';

/** One network with one master's place in it, isolated from all others. */
export interface MatrixNetwork {
  /** The master's transport; asked for again when a master restarts at the same place. */
  listen(): MasterTransport;
  /** A transport of the slave `id` to that place; asked for again when this slave restarts. */
  connect(id: string): SlaveTransport;
  /** Ends what `open` started. Called when all transports are closed. */
  close(): Promise<void>;
}

export interface MatrixNetworkKind {
  readonly name: string;
  /** Why it cannot run on this machine, saying what to install; null when it can. */
  unavailable(): string | null;
  open(): Promise<MatrixNetwork>;
}
