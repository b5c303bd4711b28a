/** A node on its way to lead: what comes late, or of an earlier attempt, makes no leader (0022). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeMachine } from '../../machines/index.js';
import type { NodeEvent } from '../../machines/node-context.js';
import type { NodeStanding } from '../../machines/succession.js';
import { Probe } from '../support/probe.js';

const test = suite('node machine: promoting');

const delays = { askAgainMs: 1, courtesyMs: 1, retryMs: 1 };
const free: NodeEvent = { type: 'leaseFree' };

function standing(node: string, term: number, candidate: string | null): NodeStanding {
  const position = { lineage: 'L', epoch: { term: 1, start: 1 }, version: 1, digest: 'x' };
  return { node, term, candidate, lineage: 'L', position, held: null, reigned: [] };
}

const compared = (answered: number): NodeEvent => ({
  type: 'compared',
  answered,
  isBehind: false,
});
const acquired = (fence: number): NodeEvent => ({ type: 'acquired', fence });
const answered = (term: number, ...answers: readonly NodeStanding[]): NodeEvent => ({
  type: 'answered',
  term,
  answers,
});

const newNode = () => {
  const node = new Probe(nodeMachine, { id: 'a', members: 3, isAutomatic: true, delays });
  return node.send({ type: 'opened' }, free);
};
const asking = (term: number) => newNode().send(compared(3), acquired(term));

test('P16: answers to the question of an earlier term decide nothing', () => {
  const node = asking(8);
  node.send(answered(6, standing('a', 6, 'a'), standing('b', 6, 'a')));
  assert.equal(node.states, ['promoting.asking']);
  node.send(answered(8, standing('a', 8, 'a'), standing('b', 8, 'a')));
  assert.equal(node.states, ['promoting.taking']);
});

test('L3: a lease that came while a later attempt compares is given back with it', () => {
  // The first attempt is over before its lease comes: nobody else may take it meanwhile.
  const node = newNode().send(compared(3), { type: 'asked', term: 3, candidate: 'b' });
  node.elapse('RETRY').send(acquired(4));
  assert.equal(node.states, ['promoting.comparing']);
  node.send(compared(1));
  assert.equal(node.states, ['following.resting']);
  assert.ok(node.names.includes('release'), node.names.join());
});

test('L3: who fails to take a higher number keeps no lease of a lower one', () => {
  const node = asking(4).send(answered(4, standing('a', 4, 'a'), standing('b', 9, 'b')));
  assert.equal(node.states, ['promoting.acquiring']);
  node.send({ type: 'notAcquired', reason: 'the lease service did not answer' });
  assert.equal(node.states, ['following.resting']);
  assert.ok(node.names.includes('release'), node.names.join());
  const { leader, fence, problem } = node.context;
  assert.equal([leader, fence], [null, 0]);
  assert.equal(problem, { code: 'TIMEOUT', reason: 'the lease service did not answer' });
});

test('what kept a node from leading is no problem of one that follows another', () => {
  const node = newNode().send(compared(1));
  assert.is(node.context.problem?.reason, '2 of 3 nodes have to answer, 1 did');
  node.send({ type: 'leaseSeen', leader: null });
  assert.ok(node.context.problem !== null, 'nobody leads yet');
  node.send({ type: 'leaseSeen', leader: { id: 'b', term: 5 } });
  assert.is(node.context.problem, null);
});

test('nor is what made it step down, where another led before it was a slave again', () => {
  const node = asking(4).send(answered(4, standing('a', 4, 'a'), standing('b', 4, 'a')));
  node.send({ type: 'leading' }, { type: 'leaseLost', reason: 'it was not renewed in time' });
  assert.equal(node.states, ['steppingDown']);
  // Who leads is told once.
  node.send({ type: 'leaseSeen', leader: { id: 'b', term: 5 } });
  assert.is(node.context.problem?.code, 'FENCED');
  assert.is(node.send({ type: 'steppedDown' }).context.problem, null);
});

test.run();
