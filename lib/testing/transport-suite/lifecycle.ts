/** Opening and closing, in any state, and sinks that misbehave. */
import {
  bench,
  check,
  numbered,
  pause,
  Recorder,
  refusedWith,
  type SuiteContext,
  sendAgain,
} from './harness.js';

function closeTests(context: SuiteContext): void {
  context.test('close is safe before open, twice and at once', async () => {
    const pair = await context.factory();
    await pair.master.close();
    await pair.master.open(new Recorder());
    const slave = pair.connect();
    await slave.close();
    await slave.open(new Recorder());
    await Promise.all([slave.close(), slave.close(), pair.master.close(), pair.master.close()]);
    await slave.close();
    await pair.master.close();
    await pair.close();
  });

  context.test('close while open is under way ends closed', async () => {
    const pair = await context.factory();
    const sink = new Recorder();
    const opening = pair.master.open(sink);
    const closing = pair.master.close();
    await Promise.all([opening, closing]);
    await pair.master.open(sink);
    await pair.master.close();
    await pair.close();
  });

  bench(context, 'close tells of every peer, and nothing is delivered after it', async (b) => {
    const slaves = [await b.slave(), await b.slave()];
    for (const { transport, sink } of slaves) transport.send(sink.peer, numbered(1));
    await b.master.close();
    const told = b.sink.lefts.map(({ peer }) => peer).sort();
    check(told.join() === [...b.sink.joins].sort().join(), 'close did not tell of every peer');
    check(
      b.sink.lefts.every(({ error }) => error === null),
      'an orderly close is no error',
    );
    const { calls } = b.sink;
    await b.until('the slaves were told', () => slaves.every((s) => s.sink.lefts.length > 0));
    for (const { transport, sink } of slaves) transport.send(sink.peer, numbered(2));
    b.master.send(slaves[0]?.peer ?? '', numbered(3));
    await pause(20);
    check(b.sink.calls === calls, 'the sink was called after close had resolved');
  });

  bench(context, 'what a slave sent before its close is flushed', async (b) => {
    const { transport, sink } = await b.slave();
    const { reliable } = transport.features;
    for (let number = 0; number < 20; number += 1)
      transport.send(sink.peer, numbered(number, 9_999));
    await transport.close();
    const { calls } = sink;
    await b.until('left at the master', () => b.sink.lefts.length > 0);
    check(!reliable || b.sink.frames.length === 20, 'frames were lost by an orderly close');
    await pause(20);
    check(sink.calls === calls, 'the sink was called after close had resolved');
  });

  bench(context, 'a transport opens again after close', async (b) => {
    const { transport, sink } = await b.slave();
    await transport.close();
    await b.until('left at the master', () => b.sink.lefts.length === 1);
    await transport.open(sink);
    await b.until('joined again', () => sink.joins.length === 2 && b.sink.joins.length === 2);
    await transport.close();
    await b.master.close();
    await b.master.open(b.sink);
    await b.master.close();
  });
}

function openTests(context: SuiteContext): void {
  bench(context, 'a second open is refused and the first goes on', async (b) => {
    const slave = await b.slave();
    await refusedWith('INVALID_OPTION', () => b.master.open(new Recorder()));
    await refusedWith('INVALID_OPTION', () => slave.transport.open(new Recorder()));
    await b.until(
      'a frame on the first sink',
      () => slave.sink.frames.length > 0,
      () => sendAgain(b.master, slave.peer, numbered(1)),
    );
  });

  context.test('an aborted signal refuses open with ABORTED; open works later', async () => {
    const pair = await context.factory();
    const sink = new Recorder();
    await refusedWith('ABORTED', () => pair.master.open(sink, AbortSignal.abort()));
    await pair.master.open(sink);
    const slave = pair.connect();
    await refusedWith('ABORTED', () => slave.open(sink, AbortSignal.abort()));
    check(sink.calls === 0, 'a sink was called although open was refused');
    await slave.open(new Recorder());
    await slave.close();
    await pair.master.close();
    await pair.close();
  });
}

function sinkTests(context: SuiteContext): void {
  bench(context, 'a sink that throws is told so by troubled and harms nothing', async (b) => {
    b.sink.failure = new Error('thrown by the test in joined');
    const { transport, sink } = await b.slave();
    const send = () => sendAgain(transport, sink.peer, numbered(1));
    b.sink.failure = new Error('thrown by the test in received');
    await b.until('a frame', () => b.sink.frames.length > 0, send);
    const seen = b.sink.frames.length;
    await b.until('another frame', () => b.sink.frames.length > seen, send);
    const words = b.sink.troubles.map(({ message }) => message).join('\n');
    check(words.includes('in joined'), 'the throw in joined was not told to troubled');
    check(words.includes('in received'), 'the throw in received was not told to troubled');
    check(b.sink.lefts.length === 0, 'a throwing sink cost the connection');
  });
}

export function lifecycleTests(context: SuiteContext): void {
  closeTests(context);
  openTests(context);
  sinkTests(context);
}
