/** Two methods that every Node has, and its types leave out: half the time of their long forms. */
export interface FastBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, at: number): number;
}

export const fast = (bytes: Buffer): FastBuffer => bytes as FastBuffer;
