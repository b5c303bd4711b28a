import { suite } from 'uvu';
import { encodeValue } from '../../lib/codec/values.js';
import { document } from '../../lib/layers/document/document.js';
import type { DocumentMasterData } from '../../lib/layers/document/master.js';
import type { DocumentSlaveData } from '../../lib/layers/document/slave.js';
import { layerContract, type SeededRandom } from '../support/layer-contract.js';

const test = suite('document: contract of user layers');

interface Tree {
  title: string;
  rows: Array<{ id: number; tags: string[] }>;
  index: Map<string, { at: Date }>;
  names: Set<string>;
  extra: Record<string, unknown>;
}

const EMPTY: Tree = { title: '', rows: [], index: new Map(), names: new Set(), extra: {} };
const WORDS = ['eins', 'zwei', 'drei', 'vier', '5', '6', 'größer 🙂'];

function changeOf(random: SeededRandom): (draft: Tree) => void {
  // Drawn before the function runs: it may run again and must do the same.
  const [word, other, at] = [random.pick(WORDS), random.pick(WORDS), random.below(6)];
  const values = [
    1n,
    undefined,
    -0,
    Number.NaN,
    new Uint8Array([at]),
    { deep: [word, null] },
    word,
  ];
  const value = random.pick(values);
  const changes: Array<(draft: Tree) => void> = [
    (draft) => {
      draft.title = word + at;
    },
    (draft) => void draft.rows.splice(at, 0, { id: at, tags: [word] }),
    (draft) => void draft.rows.splice(at, 2),
    (draft) => void draft.rows[at]?.tags.push(other),
    (draft) => void draft.rows.reverse(),
    (draft) => void draft.index.set(word, { at: new Date(at) }),
    (draft) => void draft.index.delete(word),
    (draft) => {
      const entry = draft.index.get(word);
      if (entry !== undefined) entry.at = new Date(99);
    },
    (draft) => void draft.names.add(word),
    (draft) => void draft.names.delete(other),
    (draft) => {
      draft.extra[word] = value;
    },
    (draft) => void delete draft.extra[other],
  ];
  return random.pick(changes);
}

layerContract<DocumentMasterData<Tree>, DocumentSlaveData<Tree>>(test, {
  name: 'document',
  definition: () => document(EMPTY, { statesMax: 200 }),
  change(data, random) {
    const recipe = changeOf(random);
    if (random.chance(0.9)) data.update(recipe);
    else data.set({ ...structuredClone(data.get()), title: random.pick(WORDS) });
  },
  content: (data) => encodeValue(data.get()),
  backwards: true,
});

layerContract<DocumentMasterData<Tree>, DocumentSlaveData<Tree>>(test, {
  name: 'document with little history',
  definition: () => document(EMPTY, { statesMax: 60, historyBytesMax: 4000 }),
  change: (data, random) => void data.update(changeOf(random)),
  content: (data) => encodeValue(data.get()),
  backwards: true,
});

test.run();
