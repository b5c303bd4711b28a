/** Keys that work everywhere on the page but in fields, and the list of them. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { TABS, tab } from './model.js';
import { goToEnd, step, togglePlay } from './travel.js';

export const isHelpOpen = signal(false);

interface Shortcut {
  readonly keys: readonly string[];
  readonly sign: string;
  readonly text: string;
  readonly act: () => void;
}

function focusFilter(): void {
  tab.value = 'sequence';
  requestAnimationFrame(() => document.getElementById('round-filter')?.focus());
}

const SHORTCUTS: readonly Shortcut[] = [
  { keys: [' '], sign: 'Space', text: 'play, or pause', act: togglePlay },
  { keys: ['ArrowLeft'], sign: '←', text: 'step back', act: () => step(-1) },
  { keys: ['ArrowRight'], sign: '→', text: 'step forward', act: () => step(1) },
  { keys: ['Home'], sign: 'Home', text: 'to the beginning', act: () => goToEnd(-1) },
  { keys: ['End', 'l'], sign: 'End', text: 'to the end: live, where it is', act: () => goToEnd(1) },
  ...TABS.map((name, index) => ({
    keys: [String(index + 1)],
    sign: String(index + 1),
    text: `show ${name}`,
    act: () => {
      tab.value = name;
    },
  })),
  { keys: ['/'], sign: '/', text: 'filter by round', act: focusFilter },
  {
    keys: ['?'],
    sign: '?',
    text: 'this list',
    act: () => {
      isHelpOpen.value = !isHelpOpen.value;
    },
  },
];

/** Those that a field or a button has a use of its own for. */
function isTaken({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog, .chart-view') !== null) return key !== '?';
  if (target instanceof HTMLInputElement && target.type !== 'range') return true;
  if (target instanceof HTMLSelectElement) return true;
  return key === ' ' && target.closest('button, summary') !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
  const found = SHORTCUTS.find(({ keys }) => keys.includes(event.key));
  if (found === undefined) return;
  event.preventDefault();
  found.act();
}

export function useShortcuts(): void {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

export function Help() {
  const place = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) place.current?.showModal();
    else place.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={place}
      aria-label="Keys"
      data-testid="help"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <h2>Keys</h2>
      <dl class="keys">
        {SHORTCUTS.map(({ sign, text }) => (
          <div key={sign}>
            <dt>
              <kbd>{sign}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>↑</kbd> <kbd>↓</kbd>
          </dt>
          <dd>along a list</dd>
        </div>
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
