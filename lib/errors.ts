/**
 * The one error class of this package. `code` is stable and documented in docs/errors.md, which a
 * test holds against the table below.
 */

/** Every code, and whether the same call can succeed later without anybody changing anything. */
export const ERROR_CODES = {
  ABORTED: true,
  OUTCOME_UNKNOWN: false,
  DUPLICATE_ID: true,
  VETOED: false,
  TIMEOUT: true,
  ROLLED_BACK: false,
  FENCED: false,
  REGRESSED: false,
  OVERLOADED: true,
  TOO_LARGE: false,
  PROTOCOL: false,
  UNAUTHORIZED: false,
  STORE_FAILED: false,
  CORRUPT: false,
  NOT_RUNNING: false,
  INVALID_OPTION: false,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What a `ReplicationError` carries beside its message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** Overrides the default of the code. */
  readonly retryable?: boolean;
  /** Per slave, by id: the stage it reached and why it refused; on `ABORTED` and `TIMEOUT`. */
  readonly slaves?: Readonly<Record<string, { readonly stage: string; readonly reason?: string }>>;
}

/** The failure of an operation: a stable `code`, whether to retry, and a message for people. */
export class ReplicationError extends Error {
  override readonly name = 'ReplicationError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly slaves: NonNullable<ErrorDetails['slaves']>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? ERROR_CODES[code];
    this.slaves = details.slaves ?? {};
  }
}

/**
 * A user layer's typed "no" to a delta, with a reason for people. Thrown from `prepare`: in a
 * two-phase round it becomes the slave's vote (claim 29), in one-phase it quarantines this slave.
 */
export class Veto extends Error {
  override readonly name = 'Veto';
}

/** The text of anything that was thrown; a host may throw what is no Error. */
export function reasonOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message || thrown.name : thrown);
  } catch {
    // As of an object without a prototype. A second failure here would hide the first, and end the
    // process where the first one was being handled.
    return `a thrown ${typeof thrown} without any text`;
  }
}

/** Passes a `ReplicationError` through and wraps anything else, its cause kept. */
export function asReplicationError(
  thrown: unknown,
  code: ErrorCode,
  what: string,
): ReplicationError {
  if (thrown instanceof ReplicationError) return thrown;
  return new ReplicationError(code, `${what}: ${reasonOf(thrown)}`, { cause: thrown });
}
