/** Which source is read: the inspector that served the page, until a file is opened instead. */
import { sourceState } from './model.js';
import { liveListener } from './reading.js';
import { followServer, openFile } from './source.js';

let following = new AbortController();

export function follow(): void {
  following.abort();
  following = new AbortController();
  void followServer(liveListener, following.signal);
}

export async function open(file: File): Promise<void> {
  following.abort();
  try {
    await openFile(file, liveListener);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    sourceState.value = { kind: 'refused', reason };
  }
}

/** Files dropped anywhere on the page are opened. */
export function acceptDrops(): void {
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file !== undefined) void open(file);
  });
}
