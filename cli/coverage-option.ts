import type { Coverage } from '../domain/job.ts';

/** What repeated `--on` options mean: a coverage by its name, else devices; one of each model when there is none. */
export function coverageOf(values: readonly string[]): Coverage {
  const [first, ...rest] = values;
  if (first === undefined) return 'each-device-model';
  if (rest.length === 0 && (first === 'each-device-model' || first === 'each-device' || first === 'any')) return first;
  return { units: [...values] };
}
