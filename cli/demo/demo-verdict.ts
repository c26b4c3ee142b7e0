import type { JobView } from '../../api/jobs.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';

/** How the demo ended, for a person and for a script. */
export interface DemoVerdict {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** A recipe that this version cannot convert is an answer, not a failure; anything else that did not complete is one. */
export function demoVerdict({ tasks }: Pick<JobView, 'tasks'>): DemoVerdict {
  const benchmarks = tasks.filter(({ kind }) => kind === 'benchmark');
  const measured = benchmarks.filter(({ state }) => state === 'completed').length;
  const unsupported = benchmarks.filter(({ error }) => error?.code === 'unsupported-pass').length;
  const text = `${measured} recipe(s) measured, ${unsupported} not supported yet (the matrix says why), ${benchmarks.length - measured - unsupported} failed.`;
  return { text, exitCode: measured > 0 && measured + unsupported === benchmarks.length ? EXIT.ok : EXIT.error };
}
