/** Bad JSON is told by line and column; numbers that would be damaged are named. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { locateJsonError } from '../../lib/cli/locate-json-error.js';
import { parseJson } from '../../lib/cli/parse-json.js';

const test = suite('command: JSON files');

const parse = (text: string) => parseJson(Buffer.from(text));

function problemOf(text: string): string {
  const parsed = parse(text);
  if ('problem' in parsed) return parsed.problem;
  throw new Error(`accepted: ${text}`);
}

test('valid files become their value, with or without a byte order mark', () => {
  assert.equal(parse('{"a":[1,true,null,"x\\n"]}'), { value: { a: [1, true, null, 'x\n'] } });
  assert.equal(parse('\ufeff[1]\r\n'), { value: [1] });
  assert.equal(parse('0'), { value: 0 });
});

test('an error is told by line, column and what was expected', () => {
  assert.match(problemOf('{\n  "a": 1\n  "b": 2\n}'), /line 3, column 3: expected ","/);
  assert.match(problemOf('{"a": }'), /line 1, column 7: expected a value/);
  assert.match(problemOf('{"a": 1,}'), /line 1, column 9: expected a key/);
  assert.match(problemOf('[1, 2'), /line 1, column 6: expected ","/);
  assert.match(problemOf('[1]\nx'), /line 2, column 1: expected the end of the file/);
  assert.match(problemOf("{'a': 1}"), /column 2: expected a key in double quotes/);
  assert.match(problemOf('["a\nb"]'), /line 1, column 4: expected the rest of a text/);
  assert.match(problemOf('["\\x"]'), /column 3: expected the rest of a text/);
  assert.match(problemOf('[01]'), /line 1, column 2/);
  assert.match(problemOf('[1, // no\n2]'), /line 1, column 5/);
  assert.match(problemOf('{"a" 1}'), /expected ":"/);
});

test('the locator agrees with the engine on every prefix and every damage of a document', () => {
  const whole = '{"a":[1,-2.5e+3,"x\\u00e9\\"",{"b":null,"c":true}],"":{},"d":[]} ';
  const accepted = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  let refused = 0;
  for (let at = 0; at < whole.length; at += 1) {
    for (const put of ['', '{', '}', '[', ']', ',', ':', '"', '1', 'x', '\\', '-', '.', 'e', ' ']) {
      for (const text of [
        whole.slice(0, at) + put,
        whole.slice(0, at) + put + whole.slice(at + 1),
      ]) {
        assert.is(locateJsonError(text) === null, accepted(text), text);
        if (!accepted(text)) refused += 1;
      }
    }
  }
  assert.ok(refused > 1000, `${refused} of them were damaged`);
});

test('a text of megabytes in quotes, closed or not, is no trouble', () => {
  const long = 'a'.repeat(5_000_000);
  assert.equal(parse(`["${long}", 12345678901234567890]`), {
    problem:
      'line 1, column 5000006: the number 12345678901234567890 cannot be kept exactly; ' +
      'write it as a string',
    empty: false,
  });
  assert.match(problemOf(`["${long}`), /column 5000003: expected the rest of a text/);
});

test('whole numbers that a double changes are refused by place, others are kept', () => {
  assert.match(problemOf('{\n"id": 9007199254740993}'), /line 2, column 7.*9007199254740993/);
  assert.match(problemOf('[1e400]'), /1e400 cannot be kept/);
  // Found by the fuzzer: more digits than any double has made the check itself throw.
  for (const sign of ['', '-']) {
    assert.match(
      problemOf(`[${sign}${'9'.repeat(400)}]`),
      /number -?9{39,40}\.\.\. cannot be kept/,
    );
  }
  const fine = '[9007199254740992, 1e21, 0.1234567890123456789, "9007199254740993", 1e-400]';
  assert.ok('value' in parse(fine));
});

test('an empty file is told apart, and text that is not UTF-8 is refused', () => {
  assert.equal(parse(' \n'), { problem: 'it is empty', empty: true });
  const parsed = parseJson(Uint8Array.from([0x22, 0xff, 0x22]));
  assert.equal(parsed, { problem: 'it is not UTF-8 text', empty: false });
});

test.run();
