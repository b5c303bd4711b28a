/** Guards and actions of a definition, looked up once and called without any search. */
import type { Machine } from './nodes.js';
import type { Run } from './run.js';

type Expression = (...given: readonly unknown[]) => unknown;

/** How XState keeps what `assign` and `raise` made. */
interface Builtin extends Expression {
  readonly type: string;
  readonly assignment?: unknown;
  readonly event?: unknown;
  readonly resolve?: (...given: readonly unknown[]) => readonly [unknown, unknown, unknown];
  readonly execute?: (...given: readonly unknown[]) => void;
}

export type Guard = (run: Run) => boolean;
export type Action = (run: Run) => void;

type Params = (run: Run) => unknown;

function paramsOf(reference: unknown): Params {
  if (typeof reference !== 'object' || reference === null || !('params' in reference)) {
    return () => undefined;
  }
  const { params } = reference;
  if (typeof params !== 'function') return () => params;
  return ({ context, event }) => (params as Expression)({ context, event });
}

function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference;
  const type = (reference as { type?: unknown } | null)?.type;
  return typeof type === 'string' ? type : '';
}

/** What an executed action is called: of a function its own name. */
function typeOf(reference: unknown): string {
  return typeof reference === 'function' ? reference.name || '(anonymous)' : nameOf(reference);
}

/** @throws {TypeError} for a guard without an implementation, or one made of other guards */
export function guardOf(machine: Machine, reference: unknown): Guard | null {
  if (reference === undefined) return null;
  const { guards } = machine.implementations;
  const check = (typeof reference === 'function' ? reference : guards[nameOf(reference)]) as
    | Expression
    | undefined;
  if (typeof check !== 'function' || 'check' in check) {
    throw new TypeError(`guard "${nameOf(reference)}" of ${machine.id} cannot be compiled`);
  }
  const params = paramsOf(typeof reference === 'function' ? null : reference);
  return (run) => {
    const { context, event } = run;
    return Boolean(check({ context, event }, params(run)));
  };
}

function assignmentOf(assignment: unknown): Expression {
  if (typeof assignment === 'function') return assignment as Expression;
  const fields = Object.entries(assignment as object);
  return (given, params) => {
    const change: Record<string, unknown> = {};
    for (const [key, value] of fields) {
      change[key] = typeof value === 'function' ? (value as Expression)(given, params) : value;
    }
    return change;
  };
}

function assignAction(builtin: Builtin, params: Params): Action {
  const change = assignmentOf(builtin.assignment);
  return (run) => {
    run.assign(change(run.args(), params(run)) as object);
  };
}

/** Raised at once, or sent to itself when its delay is over; and `cancel` of the latter. */
function builtinAction(builtin: Builtin, params: Params): Action {
  const { resolve, execute } = builtin;
  if (resolve === undefined) throw new TypeError(`${builtin.type} cannot be compiled`);
  return (run) => {
    const { scope } = run;
    const info = run.args();
    const extra = { internalQueue: run.raised };
    const [, resolved] = resolve(scope, run.snapshot, info, params(run), builtin, extra);
    const exec = () => execute?.(scope, resolved);
    scope.actionExecutor({ type: builtin.type, info, params: resolved, exec } as never);
  };
}

function effectAction(type: string, implemented: Expression | undefined, params: Params): Action {
  return (run) => {
    const exec = run.effects[type] ?? implemented;
    const action = { type, info: run.args(), params: params(run), exec };
    run.scope.actionExecutor(action as never);
  };
}

/** @throws {TypeError} for a built-in action other than assign, raise and cancel */
export function actionOf(machine: Machine, reference: unknown): Action {
  const { actions } = machine.implementations;
  const isInline = typeof reference === 'function';
  const found = (isInline ? reference : actions[nameOf(reference)]) as Builtin | undefined;
  const params = paramsOf(isInline ? null : reference);
  if (found === undefined || !('resolve' in found)) {
    return effectAction(typeOf(reference), found, params);
  }
  if (found.type === 'xstate.assign') return assignAction(found, params);
  if (found.type === 'xstate.raise' || found.type === 'xstate.cancel') {
    return builtinAction(found, params);
  }
  throw new TypeError(`${found.type} of ${machine.id} cannot be compiled`);
}
