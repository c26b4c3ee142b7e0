import { GroveError } from '../errors.ts';
import type { Findings } from './findings.ts';

/** Refuses a reference to a data_config that the recipe does not define. */
export function missingData(path: string, name: string, findings: Findings): void {
  findings.refuse(path, `refers to data_config "${name}", which the recipe does not define`, {
    code: 'missing-data',
    make: (problems) => new GroveError('missing-data', { path, name }, { problems }),
  });
}
