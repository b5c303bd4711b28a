/**
 * A program that floods a WebSocket port with connections that never complete: `PORT`, `COUNT`.
 * Half of them stop within HTTP, half within the WebSocket; it prints a line when all were made,
 * and holds those that are not ended until it is killed.
 */
import { connect } from 'node:net';
import { upgradeRequest } from '../../support/raw-websocket.js';

const port = Number(process.env.PORT);
const count = Number(process.env.COUNT);
/** Connecting at a time: the listener's queue of the system holds 511. */
const AT_A_TIME = 100;

let started = 0;
let ended = 0;

async function open(): Promise<void> {
  while (started < count) {
    started += 1;
    const isUpgraded = started % 2 === 0;
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      ended += 1;
    });
    await new Promise<void>((resolve) => {
      socket.once('connect', () => {
        if (isUpgraded) socket.write(upgradeRequest());
        resolve();
      });
      socket.once('close', () => resolve());
    });
  }
}

await Promise.all(Array.from({ length: AT_A_TIME }, open));
console.log(JSON.stringify({ made: count, ended }));
setInterval(() => console.log(JSON.stringify({ ended })), 100);
