import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';
import { findSurgeon, surgeonSuggestion } from './surgeons.ts';

/** Far above any real list: each entry may cost a search for the name that was meant. */
const MAX_SURGERIES = 256;

const written = z.looseObject({ surgeon: z.string() });

/** A surgery with Olive's spelling of its name and, where Grove implements it, exactly its arguments after defaults. */
const surgery = written.transform((value, context) => {
  const surgeon = findSurgeon(value.surgeon);
  if (surgeon === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['surgeon'],
      message: `no surgeon is called "${value.surgeon}"${surgeonSuggestion(value.surgeon)}`,
    });
    return z.NEVER;
  }
  if (surgeon.params === undefined) return { ...value, surgeon: surgeon.name };
  const parsed = surgeon.params.safeParse(value);
  if (parsed.success) return { ...parsed.data, surgeon: surgeon.name };
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

/** Names of the arguments of a surgeon that Grove implements. */
function argumentNames(surgeon: string): readonly string[] | undefined {
  const params = findSurgeon(surgeon)?.params;
  return params && Object.keys(params.shape);
}

/** A list of small graph rewrites, run in order on the same model. */
export const graphSurgeries = definePass({
  type: 'GraphSurgeries',
  side: 'host',
  implementationVersion: 2,
  acceleratorAgnostic: true,
  summary: 'Runs named graph rewrites in order, then merges equal initialisers.',
  documentation: {
    notes: [
      'Surgeons run in the order of the list on one model; then initialisers of equal content are merged. Names of surgeons are read in any case.',
    ],
    leftToOlive: [
      "any surgeon that is not in the list below: Olive's are all known by name, and a name that Olive does not know is refused",
    ],
    differences: ['A surgery that matches nothing is silent in Olive and a finding here.'],
  },
  shape: {
    surgeries: z
      .array(z.unknown())
      .max(MAX_SURGERIES)
      .pipe(z.array(surgery))
      .describe('Objects with `surgeon` and its arguments, see below.'),
    remove_duplicate_initializers: z
      .boolean()
      .default(true)
      .describe('Merge initialisers of equal content after all surgeries (in Olive since 0.11).'),
    ...externalDataShape,
  },
  unsupportedReason(params) {
    const missing = params.surgeries.map(({ surgeon }) => surgeon).filter((name) => findSurgeon(name)?.params === undefined);
    return missing.length === 0 ? externalDataReason(params) : ` (surgeon ${[...new Set(missing)].join(', ')})`;
  },
  unknownMembers(params) {
    const surgeries = z.array(written).safeParse(params.surgeries).data ?? [];
    return surgeries.flatMap((value, index) => {
      const known = argumentNames(value.surgeon);
      const unknown = known === undefined ? [] : Object.keys(value).filter((key) => key !== 'surgeon' && !known.includes(key));
      return unknown.map((key) => `.surgeries[${index}].${key}`);
    });
  },
});
