/** What is replicated, and where the three programs of this example find each other. */
export const ITEM = 'board';

export interface Board {
  readonly dish: string;
  readonly price: number;
}

export const MENU: Board = { dish: 'soup', price: 4 };

/** What the site tells its own pages, which no other page can read. */
export interface Session {
  /** Where the master listens. */
  readonly url: string;
  /** What a slave proves to it; never part of an address. */
  readonly secret: string;
}
