/** A list of any length: only the rows that can be seen are made. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface VirtualListProps {
  readonly count: number;
  readonly rowPx: number;
  /** `slot`: its key. Rows that come take the elements of those that go. */
  readonly row: (index: number, slot: number) => ComponentChildren;
  readonly label: string;
  readonly testid: string;
  /** Stays at the last row as rows come, unless one scrolled away from it. */
  readonly followsEnd?: boolean;
  readonly header?: ComponentChildren;
}

/** Rows made beyond what is seen, so that scrolling shows no blanks. */
const BEYOND = 6;
/** As near to the end counts as at the end. */
const NEAR_PX = 8;

interface View {
  readonly top: number;
  readonly height: number;
}

/** Moves the focus from row to row, where the key asks for it. */
function moveFocus(event: KeyboardEvent): void {
  const direction =
    event.key === 'ArrowDown' ? 'next' : event.key === 'ArrowUp' ? 'previous' : null;
  const row = (event.target as HTMLElement).closest('[data-row]');
  if (direction === null || row === null) return;
  const other = row[`${direction}ElementSibling`];
  if (!(other instanceof HTMLElement)) return;
  event.preventDefault();
  event.stopPropagation();
  other.focus();
}

export function VirtualList(props: VirtualListProps) {
  const { count, rowPx, row, label, testid, followsEnd = false, header } = props;
  const place = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(followsEnd);
  const [view, setView] = useState<View>({ top: 0, height: 400 });
  const lastTop = useRef(0);
  const show = (isFollowing: boolean): void => {
    const { current } = place;
    if (current === null) return;
    const { scrollTop: top, clientHeight: height } = current;
    setView((known) => {
      // Following, rows are made from their count: those at the end are there already.
      const isSame = known.height === height && (isFollowing || known.top === top);
      return isSame ? known : { top, height };
    });
  };
  const scrolled = (): void => {
    const { current } = place;
    if (current === null) return;
    const { scrollTop, clientHeight, scrollHeight } = current;
    const isNear = scrollTop + clientHeight >= scrollHeight - NEAR_PX;
    // Told a frame late: rows that came meanwhile are no reason to stop, only going up is.
    const isUp = scrollTop < lastTop.current;
    const wasAtEnd = isAtEnd.current;
    isAtEnd.current = followsEnd && (isNear || (isAtEnd.current && !isUp));
    lastTop.current = scrollTop;
    show(wasAtEnd && isAtEnd.current);
  };
  useEffect(() => {
    const { current } = place;
    const all = content.current;
    if (current === null || all === null) return;
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) current.scrollTop = current.scrollHeight;
      show(isAtEnd.current);
    });
    // Told of behind the layout of a frame: to ask for heights earlier would be one layout more.
    observer.observe(current);
    observer.observe(all);
    return () => observer.disconnect();
  }, []);
  const end = Math.max(0, count * rowPx - view.height);
  const top = isAtEnd.current ? end : view.top;
  const first = Math.max(0, Math.floor(top / rowPx) - BEYOND);
  const last = Math.min(count, Math.ceil((top + view.height) / rowPx) + BEYOND);
  // Never fewer than rows: as many as fit, one of which may be cut at either end.
  const slots = Math.ceil(view.height / rowPx) + 1 + 2 * BEYOND;
  const rows = [];
  for (let index = first; index < last; index += 1) rows.push(row(index, index % slots));
  // As attributes of an SVG, heights need no style of their own.
  return (
    <div class="scroll" ref={place} onScroll={scrolled} data-testid={testid}>
      {header}
      <div ref={content}>
        <Spacer heightPx={first * rowPx} />
        <div role="listbox" aria-label={label} onKeyDown={moveFocus}>
          {rows}
        </div>
        <Spacer heightPx={Math.max(0, count - last) * rowPx} />
      </div>
    </div>
  );
}

/** Set by script, which the policy of the page allows; a style attribute it would not. */
function Spacer({ heightPx }: { readonly heightPx: number }) {
  return <div aria-hidden="true" style={{ height: `${heightPx}px` }} />;
}
