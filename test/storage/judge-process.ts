/** A process that judges images by number; its parent replaces it should it die. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { BUGS, openerOf, switchChecks } from './bugs.js';
import type { Shown } from './cluster.js';
import { Judge } from './judge.js';
import { Plan } from './plan.js';
import type { FolderRecording } from './recorder.js';
import { type Figures, Tally } from './tally.js';

/** What was recorded, for the processes that judge. */
export interface Evidence {
  readonly recordings: readonly FolderRecording[];
  readonly shown: Shown;
}

export interface JudgeOrder {
  readonly evidence: string;
  readonly seed: string;
  readonly scale: number;
  readonly bug: string | null;
  /** Where images are laid out. */
  readonly folder: string;
  /** Where the number of the image under way is noted, for whoever finds this process dead. */
  readonly marker: string;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

export type JudgeAnswer = { readonly figures: Figures } | { readonly ready: true };

/** Every n-th image is opened twice. */
const THOROUGH_EVERY = 8;

function start(order: JudgeOrder): (range: Range) => Promise<Figures> {
  const { recordings, shown } = deserialize(readFileSync(order.evidence)) as Evidence;
  const bug = order.bug === null ? undefined : BUGS[order.bug];
  switchChecks(bug);
  const plan = new Plan(recordings, order.seed, order.scale);
  const judge = new Judge(order.folder, shown, openerOf(bug));
  for (const { role, states } of recordings) judge.learn(role, states);
  const marker = openSync(order.marker, 'w');
  return async ({ from, to }) => {
    const tally = new Tally();
    for (let number = from; number < to; number += 1) {
      writeSync(marker, String(number).padEnd(12), 0);
      const image = plan.image(number);
      const verdict = await judge.judge(image, number % THOROUGH_EVERY === 0);
      tally.add(image.kind, verdict.outcome);
      if (verdict.wrong === null) continue;
      const where = `${image.recording.name}: ${image.what}`;
      const { wrong, isLoss } = verdict;
      tally.violations.push({ number, kind: image.kind, where, wrong, isLoss });
    }
    return tally.figures;
  };
}

let judgeRange: ((range: Range) => Promise<Figures>) | undefined;
// Offline masters and slaves hold nothing that keeps a process alive while they open files.
process.on('message', async (message: JudgeOrder | Range) => {
  if ('evidence' in message) {
    judgeRange = start(message);
    process.send?.({ ready: true } satisfies JudgeAnswer);
  } else if (judgeRange !== undefined) {
    process.send?.({ figures: await judgeRange(message) } satisfies JudgeAnswer);
  }
});
