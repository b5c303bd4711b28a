/**
 * The slave's inbox: messages of a master become events; what is out of place is told, not obeyed.
 */
import type {
  AnnounceMessage,
  ChunkMessage,
  DeltaLink,
  Enveloped,
  MasterMessage,
  Message,
  PrepareMessage,
} from '../../machines/protocol.js';
import { judge } from '../../machines/slave-gate.js';
import { nextDigest } from './payload.js';
import { reasonAgainstMaster } from './reasons-against.js';
import type { SlaveParts } from './slave-parts.js';
import type { SlaveTap } from './slave-tap.js';

const FROM_MASTER: ReadonlySet<Message['kind']> = new Set<MasterMessage['kind']>([
  'announce',
  'prepare',
  'commit',
  'abort',
  'welcome',
  'delta',
  'snapshot',
  'outcome',
  'refused',
]);

type Stateful = Enveloped<Exclude<MasterMessage, ChunkMessage>>;

function isChunk(message: Enveloped): message is Enveloped<ChunkMessage> {
  return message.kind === 'delta' || message.kind === 'snapshot';
}

/** The digest a delta leads to is chained over its content: a wrong one is damage (S12). */
function isChained({ from, to, payload }: Pick<DeltaLink, 'from' | 'to' | 'payload'>): boolean {
  if (payload?.body === undefined) return true;
  return nextDigest(from, to.version, payload.checksum) === to.digest;
}

function isIntact(message: Enveloped): boolean {
  if (message.kind === 'announce') return message.links.every(isChained);
  if (message.kind === 'prepare') return isChained(message as Enveloped<PrepareMessage>);
  return true;
}

/** Announcements that arrived together are one: the newest position, and all their increments. */
function merge(
  earlier: Enveloped<AnnounceMessage>,
  later: Enveloped<AnnounceMessage>,
): Enveloped<AnnounceMessage> {
  const links = [...earlier.links.filter((link) => link.payload !== undefined), ...later.links];
  return { ...later, links, reply: earlier.reply || later.reply };
}

function canMerge(
  earlier: Stateful | undefined,
  later: Stateful,
): earlier is Enveloped<AnnounceMessage> {
  if (earlier?.kind !== 'announce' || later.kind !== 'announce') return false;
  const isSameLife = earlier.envelope.incarnation === later.envelope.incarnation;
  return isSameLife && later.sequence > earlier.sequence;
}

function tell(
  tap: SlaveTap,
  message: Stateful,
  parts: readonly Enveloped<AnnounceMessage>[],
): void {
  if (message.kind === 'announce') tap.announced(parts);
  else if (message.kind === 'welcome') tap.welcomed(message);
  else if (message.kind === 'outcome') tap.outcomeCame(message);
}

export class SlaveInbox {
  readonly #run: SlaveParts;
  /** What the announcement that is held was merged from. */
  #parts: Enveloped<AnnounceMessage>[] = [];

  constructor(run: SlaveParts) {
    this.#run = run;
  }

  received(messages: readonly Enveloped[]): void {
    let held: Stateful | undefined;
    this.#parts = [];
    for (const message of messages) {
      const reason = this.#reasonAgainst(message);
      if (this.#run.inspection?.isWanted()) this.#tellArrived(message, reason);
      if (reason !== null) continue;
      if (isChunk(message)) {
        this.#deliver(held);
        held = undefined;
        this.#run.receiver.receive(message);
        continue;
      }
      const next = message as Stateful;
      if (canMerge(held, next)) {
        held = merge(held, next as Enveloped<AnnounceMessage>);
        this.#parts.push(next as Enveloped<AnnounceMessage>);
        continue;
      }
      this.#deliver(held);
      held = next;
      this.#parts = next.kind === 'announce' ? [next] : [];
    }
    this.#deliver(held);
  }

  #deliver(message: Stateful | undefined): void {
    if (message === undefined) return;
    const { actor, facts, settings } = this.#run;
    const isTapped = settings.tap !== undefined && judge(facts, message) === 'accept';
    actor.send({ type: 'message', message });
    if (isTapped) tell(settings.tap, message, this.#parts);
  }

  /** Told as trouble; null when there is none. */
  #reasonAgainst(message: Enveloped): string | null {
    const { sender } = message.envelope;
    if (!FROM_MASTER.has(message.kind)) {
      const reason = `${sender} sent a slave's message: ${message.kind}`;
      this.#run.trouble('PROTOCOL', reason);
      return reason;
    }
    if (isIntact(message)) return null;
    const reason = `${sender} sent a delta that does not lead to its digest`;
    this.#run.trouble('CORRUPT', reason);
    return reason;
  }

  /** What the machine or the receiver of transfers will drop is told as ignored, too. */
  #tellArrived(message: Enveloped, reason: string | null): void {
    const { peer, inspection, facts, receiver } = this.#run;
    if (peer === null) return;
    const against = (part: Enveloped<ChunkMessage>) => receiver.reasonAgainst(part);
    const dropped =
      reason ?? reasonAgainstMaster(facts, message as Enveloped<MasterMessage>, against);
    inspection?.arrived(peer, message, dropped);
  }
}
