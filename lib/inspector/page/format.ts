/** Numbers and times as the page writes them. */
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const KIB = 1024;

/** A span as short as three figures allow: `0.42 ms`, `12 ms`, `3.1 s`, `4 min`. */
export function spanText(durationMs: number): string {
  if (durationMs < 10) return `${durationMs.toFixed(2)} ms`;
  if (durationMs < SECOND_MS - 0.5) return `${durationMs.toFixed(0)} ms`;
  if (durationMs < 10 * SECOND_MS) return `${(durationMs / SECOND_MS).toFixed(1)} s`;
  if (durationMs < 2 * MINUTE_MS) return `${(durationMs / SECOND_MS).toFixed(0)} s`;
  if (durationMs < 2 * HOUR_MS) return `${(durationMs / MINUTE_MS).toFixed(0)} min`;
  return `${(durationMs / HOUR_MS).toFixed(0)} h`;
}

/** The time of day, with milliseconds. */
export function clockText(at: number): string {
  if (at === 0) return '';
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function bytesText(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`;
  if (bytes < KIB * KIB) return `${(bytes / KIB).toFixed(1)} KiB`;
  return `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}

export const countText = (count: number): string => count.toLocaleString('en');

/** Of an id, what is enough to tell it from others. */
export const shortId = (id: string): string => (id.length > 10 ? id.slice(0, 8) : id);

/** What XState calls an event, in the words of the chart. */
export function eventText(type: string): string {
  const after = /^xstate\.after\.([^.]+)\./.exec(type);
  if (after !== null) return `after ${after[1]}`;
  const ended = /^xstate\.(done|error)\.actor\.(?:.*\.)?([^.]+)$/.exec(type);
  return ended === null ? type : `${ended[1]}: ${ended[2]}`;
}
