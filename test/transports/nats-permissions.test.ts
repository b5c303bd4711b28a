/** A1, A16 over NATS: the server holds masters and slaves apart by their subjects. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { natsServerMissing } from '../support/nats-server.js';
import { NatsWorld, PREFIX } from '../support/nats-world.js';
import { until } from '../support/recording-sink.js';

const test = suite('NATS: permissions of roles');
const missing = natsServerMissing();

const MASTER = { user: 'master', pass: 'of the master' };
const SLAVE = { user: 'slave', pass: 'of all slaves' };
const WEB_7 = { user: 'web-7', pass: 'of one slave' };

/** As docs/transports/nats.md has it. */
const config = `
authorization {
  users: [
    { user: master, password: "${MASTER.pass}", permissions: {
        publish: "${PREFIX}.down.>"
        subscribe: ["${PREFIX}.up.>", "${PREFIX}.down.here"] } }
    { user: slave, password: "${SLAVE.pass}", permissions: {
        publish: "${PREFIX}.up.>"
        subscribe: "${PREFIX}.down.>" } }
    { user: web-7, password: "${WEB_7.pass}", permissions: {
        publish: "${PREFIX}.up.web-7.>"
        subscribe: ["${PREFIX}.down.all", "${PREFIX}.down.here", "${PREFIX}.down.to.web-7.>"] } }
  ]
}`;

const frame = (text: string) => new TextEncoder().encode(text);

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  test('each role has what it needs', async () => {
    await NatsWorld.in(
      async (world) => {
        const master = await world.master({}, MASTER);
        const slave = await world.slave({}, SLAVE);
        const own = await world.slave({ name: 'web-7' }, WEB_7);
        const all = [slave.sink, own.sink];
        await until('both joined', () => master.sink.joins.length === 2);
        const mayHave = (id: string) =>
          master.sink.joins.filter((peer) => master.transport.permits?.(peer, id)).length;
        // The one without a name may have any id.
        assert.equal(['web-7', 'web-7/a', 'web-70', 'web-8'].map(mayHave), [2, 2, 1, 1]);
        await until('both know', () => all.every(({ joins }) => joins.length === 1));
        master.transport.multicast(master.sink.joins, frame('to all'));
        slave.transport.send(slave.sink.peer, frame('from one'));
        own.transport.send(own.sink.peer, frame('from the other'));
        await until('to all', () => all.every(({ frames }) => frames.length === 1));
        await until('from both', () => master.sink.frames.length === 2);
        assert.equal([...master.sink.troubles, ...slave.sink.troubles, ...own.sink.troubles], []);
      },
      { config },
    );
  });

  test('A16: a slave that speaks as the master is refused by the server, and heard by nobody', async () => {
    await NatsWorld.in(
      async (world) => {
        const master = await world.master({}, MASTER);
        const slave = await world.slave({}, SLAVE);
        const liar = await world.slave({}, SLAVE);
        await until('both joined', () => master.sink.joins.length === 2);
        for (const subject of ['all', 'here', 'to.any.x']) {
          liar.connection.publish(`${PREFIX}.down.${subject}`, frame('a lie'));
        }
        await until('told', () => liar.sink.troubles.length === 3);
        for (const { code } of liar.sink.troubles) assert.is(code, 'UNAUTHORIZED');
        await slave.connection.flush();
        assert.equal(slave.sink.frames, []);
        assert.equal([...slave.sink.troubles, ...master.sink.troubles], []);
        assert.equal([...slave.sink.lefts, ...master.sink.lefts], []);
      },
      { config },
    );
  });

  test('a slave of one name cannot join, nor listen, under another', async () => {
    await NatsWorld.in(
      async (world) => {
        const master = await world.master({}, MASTER);
        const wrong = await world.slave({ name: 'web-8' }, WEB_7);
        await until('told', () => wrong.sink.troubles.length >= 2);
        for (const { code } of wrong.sink.troubles) assert.is(code, 'UNAUTHORIZED');
        const words = wrong.sink.troubles.map(({ message }) => message).join('\n');
        assert.match(words, `${PREFIX}.up.web-8.`);
        assert.match(words, `${PREFIX}.down.to.web-8.`);
        assert.not.match(words, WEB_7.pass);
        assert.equal(master.sink.joins, []);
      },
      { config },
    );
  });

  test('a master over the connection of a slave does not open: UNAUTHORIZED', async () => {
    await NatsWorld.in(
      async (world) => {
        const error = await world.master({}, SLAVE).then(
          () => assert.unreachable('it opened'),
          (thrown: unknown) => thrown,
        );
        assert.ok(error instanceof ReplicationError && error.code === 'UNAUTHORIZED');
        assert.match(error.message, `${PREFIX}.up.`);
      },
      { config },
    );
  });
}

test.run();
