/** `replichart/inspector`: watch the statecharts of a host's nodes on a page, live or recorded. */
export { createInspector, type Inspector, type InspectorOptions } from './create-inspector.js';
export type {
  Entry,
  HeaderEntry,
  Line,
  StateValue,
} from './entries.js';
export type { EntryFeed, EntrySink, KnownNode, LineListener } from './feed.js';
export { readLine, writeLine } from './json.js';
export { openRecording } from './recording/open-recording.js';
export { type NumberedLine, readRecording } from './recording/read-recording.js';
export {
  type Difference,
  type ReplayOptions,
  type ReplayResult,
  replayRecording,
} from './recording/replay-recording.js';
export type { Recording } from './recording/write-recording.js';
