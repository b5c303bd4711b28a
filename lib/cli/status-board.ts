/**
 * Replicates the master's status as a small item of its own over the same transport, so that
 * `replichart status` is a slave like any other. It is a separate item, so its viewers are not
 * among the slaves it lists.
 */
import { document } from '../layers/document/document.js';
import type { DocumentMasterData } from '../layers/document/master.js';
import { createMaster, type Master } from '../master.js';
import type { MasterTransport } from '../transports/contract.js';
import { type StatusReport, statusItem } from './status-report.js';

/** Milliseconds that events are gathered: a burst of them makes one version. */
const THROTTLE_MS = 100;
/** Milliseconds between versions without any event: ages go on. */
const REFRESH_MS = 1000;

export interface StatusBoardOptions {
  readonly item: string;
  readonly id: string;
  readonly transport: MasterTransport;
  readonly heartbeatMs: number;
  /** Makes the report of this moment. */
  readonly report: () => StatusReport;
  /** Told when the report could not be replicated; the item itself goes on. */
  readonly failed: (error: unknown) => void;
}

export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #master: Master<DocumentMasterData<StatusReport>>;
  #throttle: NodeJS.Timeout | null = null;
  #refresh: NodeJS.Timeout | null = null;
  #publishing = false;
  #stopped = false;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#master = createMaster({
      item: statusItem(options.item),
      id: options.id,
      // Old reports are of no use to anyone: a viewer that is behind gets the newest whole.
      data: document<StatusReport>(options.report(), { statesMax: 1 }),
      transport: options.transport,
      heartbeat: options.heartbeatMs,
    });
  }

  async start(): Promise<void> {
    await this.#master.start();
    this.#refresh = setInterval(() => this.#publish(), REFRESH_MS);
  }

  /** Something changed: a new report goes out soon. */
  touch(): void {
    this.#throttle ??= setTimeout(() => {
      this.#throttle = null;
      this.#publish();
    }, THROTTLE_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#throttle !== null) clearTimeout(this.#throttle);
    if (this.#refresh !== null) clearInterval(this.#refresh);
    await this.#master.stop();
  }

  /** One report at a time: a slow network must not pile them up. */
  #publish(): void {
    if (this.#publishing || this.#stopped) return;
    this.#publishing = true;
    this.#master.data
      .set(this.#options.report())
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.failed(error);
      })
      .finally(() => {
        this.#publishing = false;
      });
  }
}
