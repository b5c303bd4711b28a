import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceLimits } from '../../lib/limits.js';
import { Build } from '../../lib/service/build.js';
import type { TransferPort } from '../../lib/service/transfer.js';
import { Transfers } from '../../lib/service/transfers.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';

const test = suite('service: builds that nobody reads');

const BUILD_BYTES = 2 * 1024 * 1024;
const READER = { reason: null, firmRelation: 'same' } as const;
const POINT = { version: 0, digest: '' };
const FACTS = {
  kind: 'snapshot',
  from: POINT,
  to: { lineage: 'l', epoch: { term: 1, start: 1 }, ...POINT },
  durability: 'memory',
  round: null,
} as const;

class Joins {
  readonly clock = new VirtualClock();
  readonly transfers = new Transfers(this.clock);
  readonly discarded: number[] = [];
  made = 0;

  /** A slave takes a state that differs from those before it, all of it, and is done. */
  async join(): Promise<void> {
    const place = this.made;
    this.made += 1;
    const slave = `s${place}`;
    const { transfers } = this;
    await new Promise<void>((ended, failed) => {
      const port: TransferPort = {
        slave,
        sharedBy: () => '',
        encode: ({ payload }) => payload.body as Uint8Array,
        send: () => {},
        isWritable: () => true,
        isReliable: () => true,
        ended: () => {
          transfers.release(slave);
          ended();
        },
        failed: (reason) => failed(new Error(reason)),
      };
      const build = async () => new Build(slave, FACTS, this.#state(place), BUILD_BYTES);
      transfers.serve(port, slave, true, READER, build).catch(failed);
    });
  }

  async *#state(place: number): AsyncGenerator<Uint8Array> {
    try {
      yield new Uint8Array(BUILD_BYTES);
      yield new Uint8Array(1);
    } finally {
      this.discarded.push(place);
    }
  }
}

test('P15: while changes go on and slaves join, only so many bytes are kept', async () => {
  const joins = new Joins();
  const kept = Math.floor(serviceLimits.idleBuildsBytesMax / (BUILD_BYTES + 1));
  for (let count = 0; count < kept * 2; count += 1) {
    await joins.join();
    await joins.clock.pass(1);
  }
  const resumable = Array.from({ length: joins.made }, (_, place) => place).filter((place) =>
    joins.transfers.canResume(`s${place}`, 1),
  );
  // The last one was not swept after yet.
  assert.ok(resumable.length <= kept + 1, `${resumable.length} builds are kept`);
  assert.ok(resumable.length >= kept - 1, `only ${resumable.length} builds are kept`);
  assert.is(resumable.at(-1), joins.made - 1, 'those used last are kept');
});

test('P6: after a while a build that nobody reads is gone, however small', async () => {
  const joins = new Joins();
  await joins.join();
  joins.transfers.sweep();
  assert.ok(joins.transfers.canResume('s0', 1));
  await joins.clock.pass(serviceLimits.buildIdleMs + 1);
  joins.transfers.sweep();
  assert.not(joins.transfers.canResume('s0', 1));
});

test.run();
