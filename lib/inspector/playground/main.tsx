/** The page in which master, slaves and the network between them run. */
import { render, type VNode } from 'preact';
import { ChangeControls, NodeControls, WorldControls } from './controls.js';
import { ExperimentsView } from './experiments-view.js';
import { Picture } from './picture.js';
import { problem, startPlayground } from './stage-model.js';
import { Views } from './views.js';
import { watchNodes } from './watching.js';

function Playground(): VNode {
  return (
    <>
      <header class="playground-head">
        <h1>replichart playground</h1>
        <p>
          A master, its slaves and the memory network run in this page: the code that hosts run.
        </p>
      </header>
      {problem.value !== null && <p role="alert">{problem.value}</p>}
      <main class="playground">
        <div class="stage">
          <Picture />
          <div class="play-panels">
            <ChangeControls />
            <WorldControls />
            <NodeControls />
          </div>
        </div>
        <ExperimentsView />
        <Views />
      </main>
    </>
  );
}

const place = document.getElementById('playground');
if (place !== null) render(<Playground />, place);
startPlayground(watchNodes());
