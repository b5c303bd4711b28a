import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Veto } from '../../lib/errors.js';
import { assertOrder, only } from '../support/claims-journal.js';
import { INITIAL, setRoute, settings, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 29');

/** Answers in each way a user layer can answer. */
const ANSWERING = settings((next) => {
  if (next.route === 'yes, later') return Promise.resolve();
  if (next.route === 'veto') throw new Veto('disk is full here');
  if (next.route === 'veto, later') return Promise.reject(new Veto('still full'));
  if (next.route === 'fault') throw new TypeError('a bug in the hook');
  return undefined;
});

const EXPECTED = [
  ['yes', 'yes', null],
  ['yes, later', 'yes', null],
  ['veto', 'no', 'disk is full here'],
  ['veto, later', 'no', 'still full'],
  ['fault', 'no', 'a bug in the hook'],
] as const;

test('claim 29: the slave user layer answers a prepare request', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave } = cluster.member('a');
      let route = INITIAL.route;
      for (const [wish, answer, reason] of EXPECTED) {
        journal.clear();
        const ended = await outcome(() => setRoute(cluster, wish));
        await cluster.until(`${wish} is over`, () => slave.status.round === 'none');
        const vote = only(journal.sent('a', 'vote'), `response to ${wish}`);
        assert.equal([vote.message.answer, vote.message.reason], [answer, reason]);
        assertOrder(
          ['request', only(journal.received('a', 'prepare'), 'request')],
          ['user layer', only(journal.calls('a', 'prepare'), 'prepare call')],
          ['response', vote],
        );
        if (answer === 'yes') {
          await cluster.reached('a');
          route = wish;
        }
        assert.is(ended === 'done', answer === 'yes');
        if (reason !== null) assert.match(ended, new RegExp(`a: ${reason}`));
        assert.is(slave.data.get().route, route);
      }
    },
    { data: ANSWERING, slaves: ['a'] },
  ));

test.run();
