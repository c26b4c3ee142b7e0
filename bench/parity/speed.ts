import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { floorArguments } from '../conversion.ts';
import { type Measured, measureProcess } from '../processes/measure-process.ts';
import { PARITY_FOLDER, type Python } from './environment.ts';
import { measureGrove } from './grove.ts';
import { measureOlive } from './olive.ts';
import { oliveIntermediate, type Subject } from './subjects.ts';

/** One turn of each, right after another. */
export interface SpeedRound {
  readonly olive: Measured;
  readonly grove: Measured;
  readonly floor: Measured;
}

export interface SpeedResult {
  readonly subject: Subject;
  readonly rounds: readonly SpeedRound[];
}

const ROUNDS = 3;

/** Measures whole processes, from and to disk. The order alternates, so that a drift of the machine favours neither side. */
export async function measureSpeed(python: Python, subject: Subject): Promise<SpeedResult> {
  const rounds: SpeedRound[] = [];
  for (let index = 0; index < ROUNDS; index++) {
    const first = index % 2 === 0 ? await measureOlive(python, subject) : undefined;
    const grove = await measureGrove(subject);
    const floor = await measureFloor(subject);
    rounds.push({ olive: first ?? (await measureOlive(python, subject)), grove, floor });
  }
  return { subject, rounds };
}

/** What any conversion on Node must at least do, on the same checkpoint. */
function measureFloor(subject: Subject): Promise<Measured> {
  const args = floorArguments({
    checkpoint: subject.model.folder,
    model: oliveIntermediate(subject, 'onnxconversion'),
    result: join(PARITY_FOLDER, 'floor-result'),
  });
  return measureProcess({ file: process.execPath, args, cwd: INSTALLATION_FOLDER });
}
