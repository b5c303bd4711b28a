/**
 * Every wait of the protocol, in milliseconds. The machines name them; the numbers come from
 * validated options, so that none can be NaN (which XState would take for "at once").
 */
export interface MasterDelays {
  /** Between two repetitions of position, open round and unacknowledged outcomes (claim 11). */
  readonly heartbeatMs: number;
  /** From sending a prepare to the deadline of its votes, unless the change names its own. */
  readonly voteMs: number;
  /** Before a decided change is given to a failing user layer again. */
  readonly commitRetryMs: number;
}

export interface SessionDelays {
  /** How long the earlier holder of a slave id has to answer a probe (P13). */
  readonly probeMs: number;
}

export interface SlaveDelays {
  /** Between two hellos that nobody answers. */
  readonly helloRetryMs: number;
  /** Between two checks of whether anything was heard; a silent span means stale. */
  readonly silenceMs: number;
  /** Upper end of the jitter before a request, against resync storms (P18). */
  readonly jitterMs: number;
  /** From the last progress of a transfer to asking again (P6). */
  readonly requestRetryMs: number;
  /** From asking the user layer to a "no" in its name. */
  readonly prepareMs: number;
  /** From a yes without news to doubt, and between two inquiries. */
  readonly inquireMs: number;
  /** Before a quarantined copy is tried again; doubled per failure up to 32 times. */
  readonly quarantineRetryMs: number;
  /** Before a refused slave says hello again. */
  readonly refusedRetryMs: number;
}
