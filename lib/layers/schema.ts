/**
 * Standard Schema v1, the interface that zod, valibot, arktype and others share: written down
 * here because it is a dozen lines and no reason for a dependency.
 */
import { ReplicationError, reasonOf, Veto } from '../errors.js';
import type { MaybePromise } from './contract.js';
import { isPending } from './maybe.js';

export interface SchemaIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/**
 * Any Standard Schema. What it *makes* of a value (defaults, transforms) is not used: every copy
 * must hold the bytes that the master sent, so a schema here only says yes or no.
 */
export interface StandardSchema<T = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => MaybePromise<SchemaResult>;
    readonly types?: { readonly input: T; readonly output: unknown } | undefined;
  };
}

const ISSUES_SHOWN = 5;

function textOf(issue: SchemaIssue, prefix: string): string {
  const keys = (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
  const path = [...(prefix === '' ? [] : [prefix]), ...keys].join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

function problemOf(result: SchemaResult, prefix: string): string | null {
  const issues = result.issues;
  if (issues === undefined || issues.length === 0) return null;
  const shown = issues.slice(0, ISSUES_SHOWN).map((issue) => textOf(issue, prefix));
  const more = issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** Null when the schema accepts `value`, else its issues with their paths below `prefix`. */
export function findProblem(
  schema: StandardSchema,
  value: unknown,
  prefix = '',
): MaybePromise<string | null> {
  const thrown = (error: unknown): string => `the schema failed: ${reasonOf(error)}`;
  try {
    const result = schema['~standard'].validate(value);
    if (!isPending(result)) return problemOf(result, prefix);
    return Promise.resolve(result)
      .then((settled) => problemOf(settled, prefix))
      .catch(thrown);
  } catch (error) {
    return thrown(error);
  }
}

/** The error of a change that the master's own schema does not accept; `cause` is the `Veto`. */
export function schemaRefusal(problem: string): ReplicationError {
  const cause = new Veto(problem);
  return new ReplicationError('VETOED', `The schema does not accept this: ${problem}`, { cause });
}

/** @throws {ReplicationError} INVALID_OPTION when it is no Standard Schema. */
export function assertSchema(schema: unknown): void {
  const standard = (schema as Partial<StandardSchema> | null | undefined)?.['~standard'];
  if (typeof standard?.validate === 'function' && standard.version === 1) return;
  const hint = 'Standard Schema v1, as zod, valibot and arktype make it';
  throw new ReplicationError('INVALID_OPTION', `schema must be a ${hint}`);
}
