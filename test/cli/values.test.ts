/** What the command line takes as an address, a number or a name, and how it refuses the rest. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addressText,
  integerBetween,
  parseConnectAddress,
  parseListenAddress,
  parseMilliseconds,
  parseName,
  parsePath,
} from '../../lib/cli/values.js';

const test = suite('command: option values');

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

test('addresses are HOST:PORT, with brackets for IPv6', () => {
  assert.equal(parseConnectAddress('127.0.0.1:7400'), { host: '127.0.0.1', port: 7400 });
  assert.equal(parseConnectAddress('db-1.internal:1'), { host: 'db-1.internal', port: 1 });
  assert.equal(parseConnectAddress('[::1]:65535'), { host: '::1', port: 65_535 });
  assert.equal(parseListenAddress('0.0.0.0:0'), { host: '0.0.0.0', port: 0 });
});

test('an address is written as it is read', () => {
  for (const text of ['127.0.0.1:7400', '[fe80::2]:80', 'localhost:9']) {
    assert.is(addressText(parseConnectAddress(text)), text);
  }
});

test('half addresses are refused with an example', () => {
  const bad = ['', '7400', ':7400', 'host', 'host:', 'host:port', 'host:-1', 'a:b:1', 'host:1x'];
  for (const text of [...bad, ' host:1', 'host: 1', 'host:123456']) {
    assert.match(
      messageOf(() => parseConnectAddress(text)),
      /127\.0\.0\.1:7400/,
      text,
    );
  }
});

test('IPv6 without brackets is told to take them, and a name in brackets is refused', () => {
  assert.match(
    messageOf(() => parseConnectAddress('::1')),
    /\[::1\]:7400/,
  );
  assert.match(
    messageOf(() => parseConnectAddress('[host]:80')),
    /no IPv6 address/,
  );
});

test('ports out of range are refused; 0 only where nobody listens yet', () => {
  assert.match(
    messageOf(() => parseConnectAddress('host:0')),
    /from 1 to 65535/,
  );
  assert.match(
    messageOf(() => parseListenAddress('host:65536')),
    /from 0 to 65535/,
  );
});

test('numbers are whole and within their bounds', () => {
  const parse = integerBetween(1, 9);
  assert.is(parse('1'), 1);
  assert.is(parse('9'), 9);
  for (const text of ['0', '10', '-1', '1.5', '1e1', ' 1', '', 'NaN', '0x1']) {
    assert.match(
      messageOf(() => parse(text)),
      /whole number from 1 to 9/,
      text,
    );
  }
  assert.is(parseMilliseconds('86400000'), 86_400_000);
  assert.throws(() => parseMilliseconds('86400001'));
});

test('names hold no control characters and have a limit; paths are not empty', () => {
  assert.is(parseName('web-1:/etc/app'), 'web-1:/etc/app');
  for (const text of ['', '  ', 'a\nb', 'a\u001b[31m', 'x'.repeat(201), 'é'.repeat(101)]) {
    assert.throws(() => parseName(text), undefined, JSON.stringify(text));
  }
  assert.is(parsePath('./x'), './x');
  assert.throws(() => parsePath(''));
  assert.throws(() => parsePath('a\0b'));
});

test.run();
