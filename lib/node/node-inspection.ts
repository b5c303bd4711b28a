/**
 * Tells inspectors of a node's own actor, as of any XState system of the host: its master and its
 * slave are runs of their own. An inspector that throws is not called any more.
 */
import { reasonOf } from '../errors.js';
import type { ActorInspection } from '../service/actor.js';
import type { Inspect, InspectOption } from '../service/inspection.js';

export class NodeInspection implements ActorInspection {
  readonly #inspectors: Set<Inspect>;
  readonly #broke: (reason: string) => void;

  /** @param broke told why an inspector is not called any more; must not throw */
  constructor(inspect: InspectOption, broke: (reason: string) => void) {
    this.#inspectors = new Set(typeof inspect === 'function' ? [inspect] : inspect);
    this.#broke = broke;
  }

  isWanted(): boolean {
    return this.#inspectors.size > 0;
  }

  /** All of them hear all: a node makes some steps in a minute. */
  wantAll(): void {}

  inspect(event: object): void {
    for (const inspector of this.#inspectors) this.#call(inspector, event);
  }

  inspectStep(event: object): void {
    this.inspect(event);
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
