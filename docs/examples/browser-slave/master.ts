/**
 * The master: Node, with its store in the folder `board-master`. It takes lines such as
 * `{"price":5}` or `{"price":5,"method":"two-phase"}` on its input and prints what came of them.
 */
import { createInterface } from 'node:readline';
import { createMaster, document, type ReplicationError } from 'replichart';
import { diskStore } from 'replichart/stores/disk';
import { webSocketListen } from 'replichart/transports/websocket';
import { type Board, ITEM, MENU } from './board.js';

const { MASTER_PORT = '7480', SITE = 'http://127.0.0.1:7481', SECRET } = process.env;
if (SECRET === undefined) throw new Error('SECRET is missing: the site and this process share it');

const say = (told: object) => console.log(JSON.stringify(told));

const transport = webSocketListen({ port: Number(MASTER_PORT), secret: SECRET, origins: [SITE] });
const master = createMaster({
  item: ITEM,
  data: document<Board>(MENU),
  transport,
  store: diskStore('board-master'),
  heartbeat: 500,
});
master.on('trouble', ({ code, reason }) => say({ trouble: code, reason }));
await master.start();
say({ listening: transport.address });

/** Two-phase: every page that is connected votes, and one no is enough. */
async function change(line: string): Promise<void> {
  const { method = 'one-phase', ...board } = JSON.parse(line);
  try {
    const { version } = await master.data.update((draft) => Object.assign(draft, board), {
      method,
      ...(method === 'two-phase' ? { ack: 'applied', timeout: 5000 } : {}),
    });
    say({ version });
  } catch (thrown) {
    const { code, slaves } = thrown as ReplicationError;
    const reasons = Object.values(slaves).flatMap(({ reason }) => reason ?? []);
    say({ refused: code, reasons });
  }
}

for await (const line of createInterface({ input: process.stdin })) await change(line);
await master.stop();
