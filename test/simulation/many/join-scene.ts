/** All slaves join at once on a state of some MiB, and then nothing happens but heartbeats. */
import { serviceLimits } from '../../../lib/limits.js';
import { Crowd, HEARTBEAT_MS } from './crowd.js';
import { ascending, bytesText, type Findings, msText, quantile, usText } from './findings.js';
import { cpuMeter, liveBytes } from './meters.js';

const VALUE_BYTES = 64 * 1024;
/** What those have under way whose turn it is. */
const TRANSFER_BYTES_MAX =
  serviceLimits.snapshotTransfersMax * serviceLimits.windowChunks * serviceLimits.chunkBytes;
const HEARTBEATS = 10;
const JOIN_LIMIT_MS = 600_000;

export interface JoinFigures {
  readonly snapshotsMade: number;
  readonly partBytesEncoded: number;
  readonly joinUs: number;
  readonly heartbeatUs: number;
}

async function fill(crowd: Crowd, stateBytes: number): Promise<void> {
  const { data } = crowd.master;
  const values = Math.ceil(stateBytes / VALUE_BYTES);
  for (let index = 0; index < values; index += 1) {
    const text = String.fromCharCode(97 + (index % 26)).repeat(VALUE_BYTES);
    await crowd.finish(data.set(`big-${index}`, text));
  }
}

async function storm(crowd: Crowd, findings: Findings) {
  const { slaves, wire, master } = crowd;
  const meter = cpuMeter();
  const arrivals = crowd.arrivals(slaves, master.position?.version ?? 0, JOIN_LIMIT_MS);
  await crowd.join();
  const times = ascending(await arrivals);
  const joinUs = meter() / slaves.length;
  const lastMs = times.at(-1) ?? 0;
  const middleMs = quantile(times, 0.5);
  findings.demand(
    'joined at once, all current',
    `${slaves.length - crowd.behind.length}`,
    `all ${slaves.length}`,
    crowd.behind.length === 0,
  );
  findings.demand(
    'last one current after',
    msText(lastMs),
    'at most four times the middle one: nobody starves',
    lastMs <= 4 * middleMs + HEARTBEAT_MS,
  );
  findings.tell(
    'current after, p10 and p50',
    `${msText(quantile(times, 0.1))}, ${msText(middleMs)}`,
  );
  const bound = serviceLimits.landingBytesMax + TRANSFER_BYTES_MAX;
  findings.demand(
    'bytes of states under way at once, at most',
    bytesText(wire.partBytesUnderWayMax),
    `at most ${bytesText(bound)}`,
    wire.partBytesUnderWayMax <= bound,
  );
  const copies = wire.partBytesSent / wire.partBytesEncoded / slaves.length;
  findings.demand(
    'whole states sent to each',
    copies.toFixed(3),
    'one, and hardly any twice',
    copies > 0.999 && copies <= 1.02,
  );
  findings.tell('whole process, processor time per join', usText(joinUs));
  return joinUs;
}

async function beat(crowd: Crowd, findings: Findings): Promise<number> {
  const { slaves, wire } = crowd;
  await crowd.clock.pass(2 * HEARTBEAT_MS);
  const frames = wire.framesIn + wire.framesOut;
  const meter = cpuMeter();
  await crowd.clock.pass(HEARTBEATS * HEARTBEAT_MS);
  const each = slaves.length * HEARTBEATS;
  const heartbeatUs = meter() / each;
  const perSlave = (wire.framesIn + wire.framesOut - frames) / each;
  findings.demand(
    'messages per slave and heartbeat',
    perSlave.toFixed(2),
    'at most 2: asked and answered',
    perSlave <= 2.01 && perSlave > 1.9,
  );
  findings.tell('whole process, processor time per slave and heartbeat', usText(heartbeatUs));
  return heartbeatUs;
}

export async function joinScene(
  findings: Findings,
  options: { readonly slaves: number; readonly seed: number; readonly stateBytes: number },
): Promise<JoinFigures> {
  const emptyBytes = liveBytes();
  const crowd = new Crowd(options);
  await crowd.start();
  await fill(crowd, options.stateBytes);
  const joinUs = await storm(crowd, findings);
  const heartbeatUs = await beat(crowd, findings);
  const silenceMs = Math.max(...crowd.slaves.map(({ tap }) => tap.longestSilenceMs));
  findings.demand(
    'longest silence that a slave heard',
    msText(silenceMs),
    `at most ${2 * HEARTBEAT_MS} ms`,
    silenceMs <= 2 * HEARTBEAT_MS,
  );
  const perSlave = (liveBytes() - emptyBytes - options.stateBytes) / options.slaves;
  findings.tell('live memory per slave, both sides, network and clock', bytesText(perSlave));
  await crowd.stop();
  const { snapshotsMade, wire } = crowd;
  return { snapshotsMade, partBytesEncoded: wire.partBytesEncoded, joinUs, heartbeatUs };
}
