/** The slave: a page. It shows its copy at once, with or without a master, and has a vote. */
import { createSlave, document as documentOf, Veto } from 'replichart';
import { browserStore } from 'replichart/stores/browser';
import { webSocketConnect } from 'replichart/transports/websocket';
import { type Board, ITEM, type Session } from './board.js';

function element<Name extends HTMLElement>(id: string): Name {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found as Name;
}

function log(text: string): void {
  const line = document.createElement('li');
  line.textContent = text;
  element('log').append(line);
}

/** The same after a reload: the master knows its slaves by it. */
function ownId(): string {
  const id = localStorage.getItem('till') ?? `till-${crypto.randomUUID().slice(0, 8)}`;
  localStorage.setItem('till', id);
  return id;
}

/** This page's vote: a price it cannot show is refused, and nobody gets it. */
function vote(next: Board | undefined): void {
  const { price = 0 } = next ?? {};
  const most = Number(element<HTMLInputElement>('most').value);
  if (price <= most) return;
  log(`voted no to ${price}`);
  throw new Veto(`this till shows no price above ${most}`);
}

const { url, secret } = (await (await fetch('session')).json()) as Session;
const slave = createSlave({
  item: ITEM,
  id: ownId(),
  data: documentOf<Board | undefined>(undefined, { prepare: vote }),
  transport: webSocketConnect({ url, secret }),
  store: browserStore('till'),
});

function show(): void {
  const board = slave.data.get();
  element('dish').textContent = board?.dish ?? 'nothing yet';
  element('price').textContent = board === undefined ? '' : `${board.price}`;
  element('version').textContent = `${slave.position?.version ?? 0}`;
  element('state').textContent = slave.status.summary;
  element('state').dataset.link = slave.status.link;
}

let link = '';
slave.data.subscribe(show);
slave.on('position', show);
slave.on('status', (status) => {
  if (status.link !== link) log(`link ${status.link}`);
  link = status.link;
  show();
});
slave.on('progress', ({ kind }) => log(`received a ${kind}`));
slave.on('trouble', ({ code, reason }) => log(`${code}: ${reason}`));
try {
  await slave.start();
  // What this browser kept; the master has not been heard yet.
  log(slave.position === null ? 'no copy yet' : `cached version ${slave.position.version}`);
  show();
} catch (thrown) {
  log(`${(thrown as { code?: string }).code}: ${(thrown as Error).message}`);
}
