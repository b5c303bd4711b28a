/** The inspector's own views, on the nodes of this page. */
import type { VNode } from 'preact';
import { ActorView } from '../page/actor-view.js';
import { Tabs, Troubles } from '../page/app.js';
import { NodesView } from '../page/nodes-view.js';
import { TimeBar } from '../page/time-bar.js';

export function Views(): VNode {
  return (
    <section class="play-views" aria-label="What the inspector shows of it">
      <TimeBar />
      <div class="play-views-grid">
        <div class="upper">
          <NodesView />
          <Troubles />
        </div>
        <ActorView />
        <Tabs />
      </div>
    </section>
  );
}
