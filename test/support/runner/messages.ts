/** What a test process tells the supervisor, in the order it happens. */
export type RunnerMessage =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'begin'; readonly title: string }
  | ({ readonly kind: 'result' } & TestResult)
  | { readonly kind: 'done'; readonly file: string; readonly durationMs: number };

/** One test, or one problem of a file that no test stands for (a leak, a stray rejection). */
export interface TestResult {
  /** Source path relative to the package, with forward slashes. */
  readonly file: string;
  readonly suite: string;
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly durationMs: number;
  /** Why it failed, for the closing list; one line. */
  readonly reason?: string;
}

/** How a test process gets its limits. */
export const CASE_DEADLINE_VARIABLE = 'TEST_CASE_DEADLINE_MS';
