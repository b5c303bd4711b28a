import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { SinkGate } from '../../lib/transports/sink-gate.js';
import { RecordingSink } from '../support/recording-sink.js';

const test = suite('between transport and sink');

class ThrowingSink extends RecordingSink {
  override joined(): void {
    throw new Error('in joined');
  }
  override left(): void {
    throw new Error('in left');
  }
  override received(): void {
    throw new Error('in received');
  }
  override drained(): void {
    throw new Error('in drained');
  }
}

test('a throw in any method is told to troubled with its cause', () => {
  const sink = new ThrowingSink();
  const gate = new SinkGate(sink);
  gate.joined('p');
  gate.left('p', null);
  gate.received('p', []);
  gate.drained('p');
  assert.equal(
    sink.troubles.map(({ cause }) => (cause as Error).message),
    ['in joined', 'in left', 'in received', 'in drained'],
  );
  assert.ok(sink.troubles.every(({ code }) => code === 'PROTOCOL'));
});

test('a throw in troubled reaches the console and nobody else', () => {
  const warnings: unknown[] = [];
  const { warn } = console;
  console.warn = (message: unknown) => void warnings.push(message);
  try {
    const sink = new RecordingSink();
    sink.troubled = () => {
      throw new Error('out of words');
    };
    new SinkGate(sink).troubled(new ReplicationError('PROTOCOL', 'told'));
  } finally {
    console.warn = warn;
  }
  assert.is(warnings.length, 1);
  assert.match(String(warnings[0]), 'out of words');
});

test('nothing passes a gate that is shut', () => {
  const sink = new RecordingSink();
  const gate = new SinkGate(sink);
  gate.shut();
  gate.joined('p');
  gate.received('p', [new Uint8Array(1)]);
  gate.drained('p');
  gate.left('p', null);
  gate.troubled(new ReplicationError('PROTOCOL', 'late'));
  assert.is(sink.joins.length + sink.batches.length + sink.drains.length, 0);
  assert.is(sink.lefts.length + sink.troubles.length, 0);
});

test.run();
