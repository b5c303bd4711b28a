/** What a person can do to the cluster: change the data, the links, the time, and each node. */
import type { ComponentChildren, VNode } from 'preact';
import { type NodeView, SLAVES_MAX, SLAVES_MIN } from './cluster.js';
import { MASTER } from './play-node.js';
import {
  ask,
  changes,
  cluster,
  delayMs,
  diesDeciding,
  isPaused,
  lossRatio,
  nodeViews,
  rate,
  slaveViews,
} from './stage-model.js';

const BURST = 20;
const CHANGES_SHOWN = 6;
const SLOW_MS = 1200;
const VETO_REASON = 'refused by hand in the playground';

interface ActionProps {
  readonly act: () => unknown;
  readonly children: ComponentChildren;
  /** For a button that stays down. */
  readonly isOn?: boolean;
  readonly isOff?: boolean;
  /** Where the words on it say too little out of their row. */
  readonly label?: string;
}

function Action({ act, children, isOn, isOff = false, label }: ActionProps): VNode {
  const pressed = isOn === undefined ? {} : { 'aria-pressed': isOn };
  const named = label === undefined ? {} : { 'aria-label': label };
  return (
    <button type="button" disabled={isOff} onClick={() => ask(act)} {...pressed} {...named}>
      {children}
    </button>
  );
}

interface SliderProps {
  readonly id: string;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  readonly shown: string;
  readonly set: (value: number) => void;
}

function Slider({ id, name, shown, set, ...range }: SliderProps): VNode {
  return (
    <div class="play-slider">
      <label for={id}>{name}</label>
      <input
        id={id}
        type="range"
        {...range}
        aria-valuetext={shown}
        onInput={(event) => set(Number(event.currentTarget.value))}
      />
      <output for={id}>{shown}</output>
    </div>
  );
}

export function ChangeControls(): VNode {
  return (
    <section class="play-panel" aria-labelledby="change-title">
      <h2 id="change-title">Change the data</h2>
      <div class="buttons">
        <Action act={() => cluster.change('one-phase')}>One-phase change</Action>
        <Action act={() => cluster.change('two-phase')}>Two-phase change</Action>
        <Action act={() => cluster.burst('one-phase', BURST)}>{BURST} at once, one-phase</Action>
        <Action act={() => cluster.burst('two-phase', BURST)}>{BURST} at once, two-phase</Action>
      </div>
      <ol class="play-changes" aria-label="Last changes" data-testid="play-changes">
        {changes.value.slice(-CHANGES_SHOWN).map((change) => {
          const { value, method, state, version, reason } = change;
          const end = state === 'made' ? `version ${version}` : reason || 'under way';
          return (
            <li key={value.number} class={state} data-state={state}>
              {value.colour} {value.number}, {method}: {end}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

export function WorldControls(): VNode {
  const percent = Math.round(lossRatio.value * 100);
  return (
    <section class="play-panel" aria-labelledby="world-title">
      <h2 id="world-title">Links and time</h2>
      <Slider
        id="delay"
        name="Delay"
        min={0}
        max={1000}
        step={20}
        value={delayMs.value}
        shown={`${delayMs.value} ms`}
        set={(value) => cluster.setLinks({ ...cluster.links, delayMs: value })}
      />
      <Slider
        id="loss"
        name="Loss"
        min={0}
        max={90}
        step={5}
        value={percent}
        shown={`${percent} %`}
        set={(value) => cluster.setLinks({ ...cluster.links, lossRatio: value / 100 })}
      />
      <Slider
        id="rate"
        name="Speed"
        min={0.1}
        max={1}
        step={0.1}
        value={rate.value}
        shown={`${rate.value.toFixed(1)}×`}
        set={(value) => {
          rate.value = value;
        }}
      />
      <div class="buttons">
        <Action
          isOn={isPaused.value}
          act={() => {
            isPaused.value = !isPaused.value;
          }}
        >
          Stop time
        </Action>
        <Action act={() => cluster.addSlave()} isOff={slaveViews.value.length >= SLAVES_MAX}>
          Add a slave
        </Action>
      </div>
    </section>
  );
}

function LifeButton({ id, isUp }: NodeView): VNode {
  if (isUp) {
    return (
      <Action act={() => cluster.kill(id)} label={`Kill ${id}`}>
        Kill
      </Action>
    );
  }
  return (
    <Action act={() => cluster.restart(id)} label={`Restart ${id}`}>
      Restart
    </Action>
  );
}

function SlaveButtons(node: NodeView): VNode {
  const { id, isCut, isVetoing, slowMs } = node;
  const isLast = slaveViews.value.length <= SLAVES_MIN;
  return (
    <>
      <Action
        isOn={isCut}
        label={`Cut the link of ${id}`}
        act={() => (isCut ? cluster.mend(id) : cluster.cut(id))}
      >
        Cut
      </Action>
      <Action
        isOn={isVetoing}
        label={`${id} says no to the next change`}
        act={() => cluster.veto(id, isVetoing ? null : VETO_REASON)}
      >
        Say no
      </Action>
      <Action
        isOn={slowMs > 0}
        label={`The host of ${id} is slow`}
        act={() => cluster.slow(id, slowMs > 0 ? 0 : SLOW_MS)}
      >
        Slow
      </Action>
      <Action isOff={isLast} label={`Remove ${id}`} act={() => cluster.removeSlave(id)}>
        Remove
      </Action>
    </>
  );
}

function MasterButtons(): VNode {
  const act = () => {
    cluster.diesDeciding = !cluster.diesDeciding;
    diesDeciding.value = cluster.diesDeciding;
  };
  return (
    <Action isOn={diesDeciding.value} act={act} label="The master dies at its next decision">
      Die deciding
    </Action>
  );
}

export function NodeControls(): VNode {
  return (
    <section class="play-panel" aria-labelledby="steer-title">
      <h2 id="steer-title">Steer the nodes</h2>
      <ul class="steer">
        {nodeViews.value.map((node) => (
          <li key={node.id}>
            <span class="steer-id">{node.id}</span>
            <div class="buttons">
              <LifeButton {...node} />
              {node.id === MASTER ? <MasterButtons /> : <SlaveButtons {...node} />}
            </div>
            {node.problem !== null && <p class="steer-problem">{node.problem}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
