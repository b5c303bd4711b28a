/** Network namespaces joined by a bridge, each losing a share of what it receives (nftables). */
import { execFileSync } from 'node:child_process';

const SUBNET = '10.82.67';

function run(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A test that was killed at its deadline left its namespaces behind. */
function sweep(): void {
  for (const line of run('ip', 'netns', 'list').split('\n')) {
    const [, name = '', pid] = /^(replichart-(\d+)-\S+)/.exec(line) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) run('ip', 'netns', 'delete', name);
  }
}

/** Why namespaces cannot be made here, or null. */
export function namespacesLack(): string | null {
  const name = `replichart-${process.pid}-probe`;
  try {
    run('ip', 'netns', 'add', name);
  } catch (thrown) {
    return `network namespaces cannot be made (${String(thrown).split('\n')[0]})`;
  }
  try {
    run('ip', 'netns', 'exec', name, 'nft', 'add', 'table', 'inet', 'probe');
    return null;
  } catch (thrown) {
    return `packets cannot be filtered (${String(thrown).split('\n')[0]})`;
  } finally {
    run('ip', 'netns', 'delete', name);
  }
}

/** A network of its own; nothing of the host's is touched. */
export class Namespaces {
  readonly #prefix = `replichart-${process.pid}`;
  readonly #made: string[] = [];
  readonly #hub: string;
  #hosts = 0;

  constructor() {
    sweep();
    this.#hub = this.#add('hub');
    this.#in(this.#hub, 'ip', 'link', 'add', 'bridge', 'type', 'bridge', 'mcast_snooping', '0');
    this.#in(this.#hub, 'ip', 'link', 'set', 'bridge', 'up');
  }

  /** A host on the bridge; what it receives is lost by `lossRatio`. Returns its address. */
  host(name: string, lossRatio: number): string {
    this.#hosts += 1;
    const port = `port${this.#hosts}`;
    const address = `${SUBNET}.${this.#hosts}`;
    const space = this.#add(name);
    const end = ['peer', 'name', 'wire', 'netns', space];
    this.#in(this.#hub, 'ip', 'link', 'add', port, 'type', 'veth', ...end);
    this.#in(this.#hub, 'ip', 'link', 'set', port, 'master', 'bridge', 'up');
    this.#in(space, 'ip', 'address', 'add', `${address}/24`, 'dev', 'wire');
    this.#in(space, 'ip', 'link', 'set', 'wire', 'up');
    this.#in(space, 'ip', 'link', 'set', 'lo', 'up');
    this.#in(space, 'nft', 'add', 'table', 'inet', 'loss');
    const chain = '{ type filter hook input priority 0; }';
    this.#in(space, 'nft', 'add', 'chain', 'inet', 'loss', 'in', chain);
    const share = String(Math.round(lossRatio * 100));
    const rule = `iifname wire counter numgen random mod 100 < ${share} counter drop`;
    this.#in(space, 'nft', 'add', 'rule', 'inet', 'loss', 'in', ...rule.split(' '));
    return address;
  }

  /** The words before a program that is to run on that host. */
  prefix(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#nameOf(name)];
  }

  /** Packets that came to that host, and how many of them were dropped. */
  packets(name: string): { readonly arrived: number; readonly dropped: number } {
    const text = this.#in(this.#nameOf(name), 'nft', 'list', 'chain', 'inet', 'loss', 'in');
    const counts = [...text.matchAll(/counter packets (\d+)/g)].map((match) => Number(match[1]));
    const [arrived = 0, dropped = 0] = counts;
    return { arrived, dropped };
  }

  close(): void {
    for (const name of this.#made.splice(0)) run('ip', 'netns', 'delete', name);
  }

  #nameOf(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #add(name: string): string {
    const full = this.#nameOf(name);
    run('ip', 'netns', 'add', full);
    this.#made.push(full);
    return full;
  }

  #in(space: string, ...words: readonly string[]): string {
    return run('ip', 'netns', 'exec', space, ...words);
  }
}
