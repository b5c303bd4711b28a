/**
 * The round that those below are asked, and who of them holds one: what the relay's machine is told
 * of rounds. What becomes of one is said by the machines and by the master (P11).
 */
import { samePoint } from '../../machines/position.js';
import type { Position, PreparedRound } from '../../machines/protocol.js';
import { chooseFrom } from '../service/participants.js';
import { payloadOf } from '../service/payload.js';
import type { AskedBelow, Question, RelayParts } from './relay-parts.js';

export class BelowRounds implements AskedBelow {
  readonly #run: RelayParts;
  readonly holders = new Map<string, PreparedRound>();
  question: Question | null = null;

  constructor(run: RelayParts) {
    this.#run = run;
  }

  ask(round: string, next: Position, delta: Uint8Array): Promise<void> {
    const { slave, actor, roster, settings } = this.#run;
    const { offer, position } = slave.facts;
    return new Promise<void>((resolve, reject) => {
      const payload = offer?.round === round ? offer.payload : payloadOf(delta);
      const from = offer?.from ?? { version: position?.version ?? 0, digest: '' };
      const to = { version: next.version, digest: next.digest };
      this.question = { round, from, to, payload, resolve, reject };
      const rows = this.#run.rows().map((info) => ({
        info,
        lag: info.lag,
        failures: roster.get(info.id)?.failures ?? 0,
      }));
      const choice = chooseFrom(settings, rows);
      actor.send({ type: 'asked', round, to, ...choice });
    });
  }

  committing(next: Position): void {
    const to = { version: next.version, digest: next.digest };
    const held = [...this.holders].filter(([, prepared]) => samePoint(prepared.to, to));
    const round = held[0]?.[1].round ?? null;
    // Nearly all increments are of no round: nothing is asked of the machine for them.
    if (round === null && this.question === null) return;
    this.question = null;
    const holders = held.map(([slave]) => slave);
    this.#run.actor.send({ type: 'committed', round, to, holders, present: this.#present() });
  }

  dropped(round: string, isSuperseded: boolean): void {
    const { slave, actor } = this.#run;
    this.question = null;
    const held = [...this.holders].filter(([, prepared]) => prepared.round === round);
    const below = { holders: held.map(([id]) => id), present: this.#present() };
    const position = slave.facts.target ?? { version: 0, digest: '' };
    actor.send(
      isSuperseded
        ? { type: 'superseded', round, position, ...below }
        : { type: 'aborted', round, ...below },
    );
  }

  #present(): readonly string[] {
    return [...this.#run.roster.all].filter(({ session }) => session !== null).map(({ id }) => id);
  }
}
