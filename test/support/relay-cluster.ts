/** A `ServiceCluster` with relays: each a process with a wire up and a wire down. */

import { createRelay, type Relay, type RelayOptions } from '../../lib/relay/index.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import type { MessageKind } from '../../machines/protocol.js';
import { type Life, lifeOf, ServiceCluster, type SlaveLife } from './service-cluster.js';
import type { ServiceDisk } from './service-disk.js';
import { ProcessClock, ProcessMaster, ProcessSlave } from './service-process.js';

export interface RelayLife extends Life {
  readonly node: Relay;
  readonly up: ProcessSlave;
  readonly down: ProcessMaster;
}

/** Dies when the first message of this kind reaches it, before it can act on it. */
export function killAt(life: Life & { readonly wire: ProcessSlave }, kind: MessageKind): void {
  life.wire.onReceive = (_, frames) => {
    if (frames.some((frame) => decodeFrame(frame).kind === kind)) life.kill();
  };
}

type RelayPart = Partial<RelayOptions> & {
  readonly disk?: ServiceDisk | null;
  readonly to?: string;
};

export class RelayCluster extends ServiceCluster {
  /** A relay's process, not started. Its name on the network is its id. */
  relay(id: string, options: RelayPart = {}): RelayLife {
    const clock = new ProcessClock(this.clock);
    const { disk = null, to = 'master', ...given } = options;
    const up = new ProcessSlave(this.network.connect({ to, name: id }));
    const down = new ProcessMaster(this.network.listen(id));
    const node = createRelay({
      item: 'item',
      id,
      upstream: up,
      downstream: down,
      clock,
      ids: this.newIds(),
      ...(disk === null ? {} : { store: disk }),
      ...given,
    });
    const wire = {
      kill: () => {
        up.kill();
        down.kill();
      },
    };
    return { ...lifeOf({ node, wire, clock, disk }, () => {}), up, down };
  }

  /** `count` slaves of one relay or master, named after it. */
  leaves(to: string, count: number): SlaveLife[] {
    return Array.from({ length: count }, (_, index) => this.slave(`${to}-s${index + 1}`, { to }));
  }
}
