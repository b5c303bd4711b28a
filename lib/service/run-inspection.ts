/**
 * Tells the inspectors of one run what happens in it. An inspector is a host's code: one that
 * throws is not called any more, the others go on, and the run never notices. There is none of
 * this where `inspect` is not set: whoever tells asks for it with one look.
 */
import type { Enveloped, Message } from '../../machines/protocol.js';
import { reasonOf } from '../errors.js';
import type { PeerId } from '../transports/contract.js';
import { decodeFrame } from '../wire/frame.js';
import type {
  ChangeMoved,
  Inspect,
  InspectedNode,
  InspectOption,
  MessageMoved,
  NodeStarted,
  NodeStopped,
  TroubleTold,
} from './inspection.js';

type WithoutNode<Event> = Event extends unknown ? Omit<Event, 'node'> : never;

type Told = WithoutNode<NodeStarted | NodeStopped | MessageMoved | ChangeMoved | TroubleTold>;

const NOBODY: readonly Inspect[] = [];

interface Untold {
  node?: InspectedNode;
}

export class RunInspection {
  readonly #inspectors: Set<Inspect>;
  readonly #broke: (reason: string) => void;
  #node: InspectedNode | null = null;
  /** What was told before the run had a name: its actors are made before it is recovered. */
  #early: Untold[] = [];
  #isOver = false;
  /** Those who want the step or message under way. */
  #audience: readonly Inspect[] = [];
  /** Bytes of the frames of messages on their way in. */
  readonly #sizes = new WeakMap<object, number>();

  /** @param broke told why an inspector is not called any more; must not throw */
  constructor(inspect: InspectOption, broke: (reason: string) => void) {
    this.#inspectors = new Set(typeof inspect === 'function' ? [inspect] : inspect);
    this.#broke = broke;
  }

  /**
   * Asked once before each step and each message: with nobody who wants it, it need not be made.
   * Under load this one look is all that most of them cost.
   */
  isWanted(): boolean {
    const node = this.#node;
    if (this.#isOver) return false;
    if (node === null) return true;
    let audience: Inspect[] | null = null;
    for (const inspector of this.#inspectors) {
      if (this.#isLeftOut(inspector, node)) continue;
      if (audience === null) audience = [inspector];
      else audience.push(inspector);
    }
    this.#audience = audience ?? NOBODY;
    return audience !== null;
  }

  /** From now on inspectors hear of this run, and first what happened so far. */
  begin(node: InspectedNode): void {
    this.#node = node;
    const early = this.#early;
    this.#early = [];
    this.tell({ type: '@replichart.started' });
    for (const event of early) this.inspect(event);
    this.#audience = [...this.#inspectors];
  }

  /** Nothing follows from this run. */
  end(): void {
    if (this.#node !== null) this.tell({ type: '@replichart.stopped' });
    this.#isOver = true;
    this.#early = [];
  }

  tell(event: Told): void {
    this.inspect({ ...event });
  }

  /** What follows is told to all, whether or not they want it: an actor that begins. */
  wantAll(): void {
    this.#audience = [...this.#inspectors];
  }

  /** To all inspectors. Of XState, whose events are objects of their own: the ends of actors. */
  inspect(event: object): void {
    if (this.#isNamed(event))
      for (const inspector of this.#inspectors) this.#call(inspector, event);
  }

  /** To those who want it: see `isWanted`. */
  inspectStep(event: object): void {
    if (this.#isNamed(event)) for (const inspector of this.#audience) this.#call(inspector, event);
  }

  #isNamed(event: object): boolean {
    if (this.#isOver) return false;
    if (this.#node === null) this.#early.push(event);
    else (event as Untold).node = this.#node;
    return this.#node !== null;
  }

  /** Only where `isWanted` said so. */
  sent(peers: readonly PeerId[], message: Enveloped<Message>, bytes: number): void {
    this.#tellMessage({ type: '@replichart.message', fate: 'sent', peers, message, bytes });
  }

  /** A frame that may have been made for another peer: read again, it tells what it holds. */
  sentFrame(peer: PeerId, frame: Uint8Array): void {
    this.sent([peer], decodeFrame(frame), frame.length);
  }

  weigh(message: Enveloped, bytes: number): void {
    this.#sizes.set(message, bytes);
  }

  /**
   * Only where `isWanted` said so.
   * @param reason why it is dropped; none when it is not
   */
  arrived(peer: PeerId, message: Enveloped, reason: string | null): void {
    const bytes = this.#sizes.get(message) ?? 0;
    const told = { type: '@replichart.message', peers: [peer], message, bytes } as const;
    if (reason === null) this.#tellMessage({ ...told, fate: 'received' });
    else this.#tellMessage({ ...told, fate: 'ignored', reason });
  }

  /** Messages of a connection that is over. */
  strayed(peer: PeerId, messages: readonly Enveloped[]): void {
    for (const message of messages) {
      if (this.isWanted()) this.arrived(peer, message, 'of an earlier connection');
    }
  }

  #tellMessage(message: WithoutNode<MessageMoved>): void {
    this.inspectStep(message);
  }

  #isLeftOut(inspector: Inspect, node: InspectedNode): boolean {
    try {
      return inspector.leavesOut?.(node) === true;
    } catch (error) {
      this.#cutOff(inspector, error);
      return true;
    }
  }

  #call(inspector: Inspect, event: object): void {
    try {
      const result: unknown = (inspector as (event: unknown) => unknown)(event);
      if (result instanceof Promise) {
        result.catch((error: unknown) => this.#cutOff(inspector, error));
      }
    } catch (error) {
      this.#cutOff(inspector, error);
    }
  }

  #cutOff(inspector: Inspect, error: unknown): void {
    if (!this.#inspectors.delete(inspector)) return;
    this.#broke(`the inspect option threw and is not called any more: ${reasonOf(error)}`);
  }
}
