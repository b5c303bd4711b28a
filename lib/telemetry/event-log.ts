/** What is worth a line of a log, at which level. Never a payload, a value, or a secret. */
import type {
  ChangeMoved,
  InspectedNode,
  MessageMoved,
  ReplicationInspectionEvent,
  TroubleTold,
} from '../service/inspection.js';

export type LogFields = Readonly<Record<string, unknown>>;

/** A structured logger; pino is one as it is. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** What needs a person, whatever the host does about it by itself. */
const GRAVE = new Set([
  'FENCED',
  'REGRESSED',
  'CORRUPT',
  'STORE_FAILED',
  'OUTCOME_UNKNOWN',
  'UNAUTHORIZED',
]);

const fieldsOf = ({ role, item, id, incarnation }: InspectedNode): LogFields => ({
  role,
  item,
  node: id,
  incarnation,
});

function logChange(logger: Logger, { node, type: _type, ...change }: ChangeMoved): void {
  const { stage, method, to, problem, slaves, updates, bytes, change: id } = change;
  const fields = { ...fieldsOf(node), change: id, method, stage, version: to.version };
  const name = `${method} change to version ${to.version}`;
  if (stage === 'aborted') {
    const against = Object.entries(slaves).filter(([, { reason }]) => reason !== undefined);
    const told = { ...fields, problem, slaves: Object.fromEntries(against) };
    logger.warn(told, `${name} aborted: ${problem?.code ?? 'ABORTED'}: ${problem?.reason ?? ''}`);
  } else if (stage === 'failed') {
    const why = `${problem?.code ?? 'failed'}: ${problem?.reason ?? ''}`;
    logger.error({ ...fields, problem }, `${name} failed: ${why}`);
  } else logger.debug({ ...fields, updates, bytes }, `${name} ${stage}`);
}

function logIgnored(logger: Logger, { node, message, peers, reason, bytes }: MessageMoved): void {
  const fields = { ...fieldsOf(node), kind: message.kind, peers, reason, bytes };
  logger.debug(fields, `${message.kind} from ${peers.join(', ')} ignored: ${reason ?? ''}`);
}

function logTrouble(logger: Logger, { node, trouble }: TroubleTold): void {
  const { code, reason, heuristic } = trouble;
  const isGrave = heuristic || GRAVE.has(code);
  const fields = { ...fieldsOf(node), code, heuristic };
  const text = `${code}: ${reason}`;
  if (isGrave) logger.error(fields, text);
  else logger.warn(fields, text);
}

export function logEvent(logger: Logger, event: ReplicationInspectionEvent): void {
  const { node } = event;
  if (event.type === '@replichart.change') logChange(logger, event);
  else if (event.type === '@replichart.trouble') logTrouble(logger, event);
  else if (event.type === '@replichart.message') {
    if (event.fate === 'ignored') logIgnored(logger, event);
  } else {
    const word = event.type === '@replichart.started' ? 'started' : 'stopped';
    logger.info(fieldsOf(node), `${node.role} "${node.id}" of "${node.item}" ${word}`);
  }
}
