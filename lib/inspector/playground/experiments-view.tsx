/** The five experiments, to be played and read along. */
import type { VNode } from 'preact';
import { EXPERIMENTS } from './experiments.js';
import { isPaused, play, playing, told } from './stage-model.js';

export function ExperimentsView(): VNode {
  const current = playing.value;
  return (
    <section class="play-panel" aria-labelledby="experiments-title">
      <h2 id="experiments-title">Five experiments</h2>
      <ul class="experiments">
        {EXPERIMENTS.map(({ id, title, summary }) => (
          <li key={id}>
            <button
              type="button"
              data-testid={`play-${id}`}
              disabled={current !== null || isPaused.value}
              aria-describedby={`about-${id}`}
              onClick={() => play(id)}
            >
              {title}
            </button>
            <p id={`about-${id}`}>{summary}</p>
          </li>
        ))}
      </ul>
      <div class="told" role="log" aria-label="What happens" data-testid="told">
        {told.value.map((text) => (
          <p key={text}>{text}</p>
        ))}
      </div>
    </section>
  );
}
