/** A process of the bench: the master or some slaves of one contestant, asked by the harness. */
import { loadSides } from '../contestants/sides.js';
import { keysOf, type Value, Values } from '../values.js';
import { runCommits, runLoad, runPulse } from './load.js';
import {
  type NodeConfig,
  nowUs,
  type QuestionName,
  type Questions,
  type Reply,
  type Request,
} from './messages.js';
import { SilenceGauge } from './silence-gauge.js';
import { countSockets, usage } from './usage.js';
import { Watch } from './watch.js';

type Answers = {
  [Name in QuestionName]?: (take: Questions[Name]['take']) => Promise<Questions[Name]['give']>;
};

/** Sum over the keys: differs where a copy lacks an update or has it in the wrong place. */
function checksum(read: (key: string) => Value | undefined, keys: number): number {
  return keysOf(keys).reduce((sum, key, place) => {
    return sum + (read(key)?.sequence ?? 0) * ((place % 7) + 1);
  }, 0);
}

async function masterAnswers(config: NodeConfig): Promise<{ address: string; answers: Answers }> {
  const { createMasterSide } = await loadSides(config.contestant);
  const master = await createMasterSide(config);
  const load = { master, values: new Values(config.valueBytes) };
  const answers: Answers = {
    joined: async ({ slaves }) => {
      await master.joined(slaves);
      return null;
    },
    load: (plan) => runLoad(load, plan),
    pulse: (plan) => runPulse(load, plan),
    commits: (plan) => runCommits(load, plan),
    checksum: async ({ keys }) => ({ checksums: [checksum((key) => master.read(key), keys)] }),
    stop: async () => {
      await master.stop();
      return null;
    },
  };
  return { address: master.address, answers };
}

async function slaveAnswers(config: NodeConfig): Promise<Answers> {
  const { createSlaveSide } = await loadSides(config.contestant);
  const { address, copies } = config;
  const slaves = await Promise.all(
    Array.from({ length: copies }, (_, copy) => {
      return createSlaveSide(config, address, `${config.id}-${copy}`);
    }),
  );
  const silence = new SilenceGauge(slaves);
  const watches = slaves.map((slave) => new Watch(slave));
  return {
    connect: async () => {
      const startUs = nowUs();
      const connected = slaves.map((slave) => slave.connect().then(nowUs));
      return { startUs, endsUs: await Promise.all(connected) };
    },
    disconnect: async () => {
      await Promise.all(slaves.map((slave) => slave.disconnect()));
      return null;
    },
    size: async () => ({ keys: Math.min(...slaves.map((slave) => slave.size())) }),
    silence: async () => ({ msMax: silence.take() }),
    arm: async ({ sequence }) => {
      for (const watch of watches) watch.arm(sequence);
      return null;
    },
    reached: async () => {
      const times = await Promise.all(watches.map((watch) => watch.reached()));
      return { atUs: Math.max(...times) };
    },
    watch: async ({ firstSequence, updates }) => {
      for (const watch of watches) watch.watch(firstSequence, updates);
      return null;
    },
    watched: async () => {
      const all = await Promise.all(watches.map((watch) => watch.watched()));
      const [first = []] = all;
      return { timesUs: first.map((_, at) => Math.max(...all.map((times) => times[at] ?? 0))) };
    },
    checksum: async ({ keys }) => {
      return { checksums: slaves.map((slave) => checksum((key) => slave.read(key), keys)) };
    },
    stop: async () => {
      await Promise.all(slaves.map((slave) => slave.stop()));
      return null;
    },
  };
}

function send(reply: Reply): void {
  process.send?.(reply);
}

async function answer(answers: Answers, { request, name, take }: Request): Promise<void> {
  try {
    const call = answers[name] as ((take: unknown) => Promise<unknown>) | undefined;
    if (call === undefined) throw new Error(`this process does not answer "${name}"`);
    send({ request, give: await call(take) });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    send({ request, error: text });
  }
  if (name === 'stop') process.disconnect();
}

// The harness is gone: nobody would ever stop this process.
process.on('disconnect', () => process.exit(0));
countSockets();
const config = JSON.parse(process.argv[2] ?? '') as NodeConfig;
const sides =
  config.role === 'master'
    ? await masterAnswers(config)
    : { address: '', answers: await slaveAnswers(config) };
const answers: Answers = { ...sides.answers, usage: async () => usage() };
process.on('message', (message) => void answer(answers, message as Request));
send({ ready: true, address: sides.address });
