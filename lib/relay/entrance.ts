/**
 * Who may come in, and when. A relay answers a newcomer only while its own master speaks, so that
 * nobody below takes a relay for a master (T15); and only what its own copy proves. What it cannot
 * judge yet waits: one hello and one request of each connection, no more (S15).
 */
import { compareEpochs, ORIGIN, pointOf } from '../../machines/position.js';
import type {
  DeltaLink,
  Enveloped,
  HelloMessage,
  OutcomeMessage,
  Point,
  Position,
  PreparedRound,
  RequestMessage,
} from '../../machines/protocol.js';
import { serviceLimits } from '../limits.js';
import { nextDigest, payloadOf } from '../service/payload.js';
import type { PeerId } from '../transports/contract.js';
import { LINKS_MAX } from '../wire/limits.js';
import { type RelayParts, stampOf } from './relay-parts.js';

interface Held<M extends HelloMessage | RequestMessage> {
  readonly message: Enveloped<M>;
  /** The copy has to be this far, where the master already was when it was asked. */
  readonly version: number;
}

interface Waiting {
  hello: Held<HelloMessage> | null;
  request: Held<RequestMessage> | null;
}

/** Points whose place was asked above; more than a relay ever meets at once. */
const ASKED_MAX = 1024;
/** Increments that follow the one that was asked for: a slave holds a thousand of them (P5). */
const FOLLOWING_MAX = 1000;

const POINT = 'point of a copy';

function questionOf({ version, digest }: Point): string {
  return `${POINT} ${version} ${digest}`;
}

/** A question about a place in history, in the words for one about a round (P10). */
function inquiryAbout(point: Point, { epoch }: Position): PreparedRound {
  const round = questionOf(point);
  return { round, from: ORIGIN, to: point, epoch, incarnation: POINT, sequence: 0 };
}

export class Entrance {
  readonly #run: RelayParts;
  readonly #waiting = new Map<PeerId, Waiting>();
  /** Points that this copy does not reach, by their question: are they the master's own? */
  readonly #answers = new Map<string, boolean>();
  /** Those of the message that is being handled: answers are about points, not about versions. */
  #about: readonly Point[] = [];

  constructor(run: RelayParts) {
    this.#run = run;
  }

  /** Of the message that is being handled: '' where the master has another digest, or none. */
  digestAt(version: number): string | undefined {
    const point = this.#about.find((each) => each.version === version);
    const answer = point && this.#answers.get(questionOf(point));
    if (point === undefined || answer === undefined) return undefined;
    return answer ? point.digest : '';
  }

  received(peer: PeerId, message: Enveloped): void {
    const { kind } = message;
    if (kind === 'hello') {
      this.#of(peer).hello = { message, version: 0 };
      this.#askAbout(message);
    } else if (kind === 'request' && !this.#isFlowControl(message)) {
      const { target } = this.#run.slave.facts;
      this.#of(peer).request = { message, version: target?.version ?? 0 };
    } else {
      return this.#run.sessions.received(peer, [message]);
    }
    this.#look(peer, this.#of(peer));
  }

  left(peer: PeerId): void {
    this.#waiting.delete(peer);
  }

  /** Whatever the copy learnt may be what somebody waits for. */
  look(): void {
    if (this.#waiting.size === 0 || !this.#run.isServing) return;
    for (const [peer, waiting] of [...this.#waiting]) this.#look(peer, waiting);
  }

  /** Another reign may have another history. */
  forget(): void {
    this.#answers.clear();
  }

  /** True when it answers a question about a place. */
  takes({ round, outcome }: OutcomeMessage): boolean {
    if (!round.startsWith(POINT)) return false;
    if (outcome === 'pending') return true;
    if (this.#answers.size >= ASKED_MAX) this.#answers.clear();
    this.#answers.set(round, outcome === 'committed');
    this.look();
    return true;
  }

  #of(peer: PeerId): Waiting {
    const known = this.#waiting.get(peer);
    if (known !== undefined) return known;
    const fresh: Waiting = { hello: null, request: null };
    this.#waiting.set(peer, fresh);
    return fresh;
  }

  #isFlowControl(message: RequestMessage): boolean {
    return message.round !== null || this.#run.sessions.serving.canResume(message);
  }

  #look(peer: PeerId, waiting: Waiting): void {
    if (!this.#run.isServing) return;
    const { hello, request } = waiting;
    if (hello !== null && this.#knows(hello.message)) {
      waiting.hello = null;
      const { message } = hello;
      this.#handle(message, () => this.#run.sessions.received(peer, [message]));
    }
    if (request !== null && this.#canServe(request)) {
      waiting.request = null;
      const { message } = request;
      this.#handle(message, () => this.#serve(peer, message));
    }
    if (waiting.hello === null && waiting.request === null) this.#waiting.delete(peer);
  }

  #handle({ position, firm }: HelloMessage | RequestMessage, work: () => void): void {
    this.#about = [pointOf(position), ...(firm === null ? [] : [firm])];
    work();
    this.#about = [];
  }

  /** Whether the newcomer follows no later reign, and where it stands in this history is known. */
  #knows({ position, firm, envelope }: Enveloped<HelloMessage>): boolean {
    const { facts } = this.#run.slave;
    if (envelope.lineage === facts.lineage && compareEpochs(envelope.epoch, facts.epoch) > 0) {
      return false;
    }
    return this.#unknownOf(position, firm).length === 0;
  }

  /** Points above this copy, or beside it: only the master can tell whether they are its own. */
  #unknownOf(position: Position | null, firm: Point | null): readonly Point[] {
    const { facts } = this.#run.slave;
    if (position === null || position.lineage !== facts.lineage) return [];
    const reached = facts.standing === 'following' ? pointOf(facts.position).version : 0;
    const isUnknown = (point: Point) => {
      if (point.version <= reached) return false;
      const isMasters = this.#answers.get(questionOf(point));
      // It is the master's: this copy will be there, and can say so itself.
      return isMasters === undefined || (isMasters && facts.standing === 'following');
    };
    return [pointOf(position), ...(firm === null ? [] : [firm])].filter(isUnknown);
  }

  #askAbout({ position, firm, envelope }: Enveloped<HelloMessage>): void {
    const { slave } = this.#run;
    const { facts, peer } = slave;
    const isLater = compareEpochs(envelope.epoch, facts.epoch) > 0;
    if (envelope.lineage === facts.lineage && isLater) slave.actor.send({ type: 'greet' });
    if (!this.#run.isServing || peer === null || position === null) return;
    for (const point of this.#unknownOf(position, firm)) {
      slave.outbox.send(peer, { kind: 'inquire', prepared: inquiryAbout(point, position) });
    }
  }

  #canServe({ message, version }: Held<RequestMessage>): boolean {
    const reached = pointOf(this.#run.slave.facts.position).version;
    if (reached < version) return false;
    return this.#unknownOf(message.position, null).length === 0;
  }

  /**
   * One that starts over got stuck, mostly by one of the increments behind the state that is kept
   * here, and would by them again: it is given the newest (P22).
   */
  #serve(peer: PeerId, message: Enveloped<RequestMessage>): void {
    const { sessions, wholeState, layer, digestAt } = this.#run;
    const { position } = message;
    const isAtHand = position !== null && digestAt(position.version) === position.digest;
    const following = isAtHand
      ? layer.log.after(position.version, FOLLOWING_MAX, this.#bytesMax)
      : [];
    if (following.length === 0) {
      wholeState.demand(this.#floorOf(message));
      if (position === null && message.firm !== null) wholeState.wish(this.#reached);
    }
    sessions.received(peer, [message]);
    if (following.length > 1) this.#sendFollowing(peer, following.slice(1));
  }

  /**
   * A whole state for this one may not be older: a copy that merely lacks increments only goes up
   * (S7), one that forked falls back to what was promised it on disk and not below (P19).
   */
  #floorOf({ position, firm }: RequestMessage): number {
    const { slave, digestAt } = this.#run;
    const reached = this.#reached;
    if (position === null) {
      const isOwn = firm !== null && digestAt(firm.version) === firm.digest;
      return isOwn ? firm.version : 0;
    }
    if (position.lineage !== slave.facts.lineage) return 0;
    const digest = digestAt(position.version);
    // Not above what is here, or a word of a slave makes this relay fetch with every request.
    if (digest !== undefined && digest !== position.digest) {
      return Math.min(firm?.version ?? 0, reached);
    }
    return position.version >= reached ? 0 : position.version + 1;
  }

  get #reached(): number {
    return pointOf(this.#run.slave.facts.position).version;
  }

  get #bytesMax(): number {
    const { maxFrameBytes } = this.#run.settings.downstream.features;
    return Math.min(serviceLimits.inlineBytesMax, Math.floor(maxFrameBytes / 2));
  }

  /** What the increment that was asked for leads to: with it, one question brings many of them. */
  #sendFollowing(peer: PeerId, deltas: ReturnType<RelayParts['layer']['log']['after']>): void {
    const { outbox, settings, slave } = this.#run;
    if (!settings.downstream.writable(peer)) return;
    const links: DeltaLink[] = [];
    for (const { from, to, durability, body } of deltas) {
      const payload = payloadOf(body);
      // One increment over several of the master's is not chained by its content: only a transfer
      // brings those, an announcement with one would be taken for damaged (S12).
      if (nextDigest(from, to.version, payload.checksum) !== to.digest) break;
      links.push({ from, to, durability, payload });
    }
    for (let at = 0; at < links.length; at += LINKS_MAX) {
      const part = links.slice(at, at + LINKS_MAX);
      outbox.send(peer, { kind: 'announce', ...stampOf(slave.facts), links: part, reply: false });
    }
  }
}
