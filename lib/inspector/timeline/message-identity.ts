/** What tells one message from another, on both ends of its way. */
import type { Enveloped, Message, MessageKind } from '../../../machines/protocol.js';
import type { MessageEntry } from '../entries.js';

type Fields = Readonly<Record<string, unknown>>;

const versionIn = (position: unknown): unknown => (position as Fields | null)?.version ?? '';
const roundIn = (prepared: unknown): unknown => (prepared as Fields | null)?.round ?? '';

/** Stamped messages have a sequence number; of all others the content tells. */
const IDENTITY: { readonly [K in MessageKind]: (message: Fields) => readonly unknown[] } = {
  announce: ({ sequence }) => [sequence],
  prepare: ({ sequence }) => [sequence],
  commit: ({ sequence }) => [sequence],
  abort: ({ sequence }) => [sequence],
  hello: ({ hello }) => [hello],
  welcome: ({ hello }) => [hello],
  refused: ({ hello, code }) => [hello, code],
  delta: ({ build, index }) => [build, index],
  snapshot: ({ build, index }) => [build, index],
  outcome: ({ round, outcome }) => [round, outcome],
  request: ({ position, round, build, next }) => [versionIn(position), round, build, next],
  vote: ({ round, answer, position }) => [round, answer, versionIn(position)],
  ack: ({ position, durability, round, problem }) => {
    return [versionIn(position), durability, round, problem];
  },
  inquire: ({ prepared }) => [roundIn(prepared)],
  goodbye: ({ reason }) => [reason],
  below: ({ live, versions, behind, moves }) => [live, JSON.stringify([versions, behind, moves])],
};

export const messageOf = ({ message }: MessageEntry): Enveloped<Message> =>
  message as Enveloped<Message>;

/** The same for a message that was sent and for each time that it was received. */
export function identityOf(entry: MessageEntry): string {
  const message = messageOf(entry);
  const { sender, incarnation, item } = message.envelope;
  const parts = IDENTITY[entry.name]?.(message as unknown as Fields) ?? [];
  return [item, sender, incarnation, entry.name, ...parts].join('|');
}

/** The round that a message is about, where it is about one. */
export function roundOf(entry: MessageEntry): string | null {
  const fields = entry.message as Fields;
  if (typeof fields.round === 'string') return fields.round;
  const held = fields.prepared as Fields | null | undefined;
  return typeof held?.round === 'string' ? held.round : null;
}

const versionText = (point: unknown): string => {
  const version = versionIn(point);
  return version === '' ? 'nothing yet' : `v${String(version)}`;
};

const ofPosition = ({ position }: Fields): string => versionText(position);
const ofRange = ({ from, to }: Fields): string => `${versionText(from)} → ${versionText(to)}`;
const ofTarget = ({ to }: Fields): string => versionText(to);
const ofReason = ({ reason }: Fields): string => String(reason ?? '');

const slavesIn = (versions: unknown): number =>
  (versions as readonly { slaves: number }[]).reduce((sum, { slaves }) => sum + slaves, 0);

const DETAIL: { readonly [K in MessageKind]: (message: Fields) => string } = {
  announce: ofPosition,
  prepare: ofTarget,
  commit: ofTarget,
  abort: ofReason,
  hello: ofPosition,
  welcome: ofPosition,
  refused: ({ code }) => String(code),
  delta: ofRange,
  snapshot: ofTarget,
  outcome: ({ outcome }) => String(outcome),
  request: ofPosition,
  vote: ({ answer, reason }) => (reason === null ? String(answer) : `${answer}: ${reason}`),
  ack: ofPosition,
  inquire: ({ prepared }) => versionText((prepared as Fields | null)?.to),
  goodbye: ofReason,
  below: ({ live, versions }) => `${live} of ${slavesIn(versions)} live`,
};

/** What a message says, in a few words. */
export const detailOf = ({ name, message }: MessageEntry): string =>
  DETAIL[name]?.(message as Fields) ?? '';
