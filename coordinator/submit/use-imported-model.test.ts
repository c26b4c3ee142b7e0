import { expect, it } from 'vitest';
import type { JobSpec } from '../../domain/job.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import { useImportedModel } from './use-imported-model.ts';

const REVISION = 'a'.repeat(40);
const FILES = { 'config.json': { sha256: 'c'.repeat(64), sizeBytes: 2 } };
const IMPORTED = { modelId: 'org/model', revision: REVISION, files: FILES, synthetic: true, importedAt: 0, importedBy: 'local' };

function hubJob(modelId: string, revision: string | null = null): JobSpec {
  return jobSpecOf({ source: { kind: 'hub', modelId, revision } });
}

it('gives a job for an imported id the imported files, with their origin and what they are', () => {
  const expected = { kind: 'uploaded', files: FILES, origin: { kind: 'hub', id: 'org/model', revision: REVISION } };
  for (const revision of [null, REVISION]) {
    expect(useImportedModel(hubJob('org/model', revision), [IMPORTED])).toMatchObject({ source: expected, synthetic: true });
  }
});

it('leaves jobs for other ids, other revisions and uploaded folders as they are', () => {
  const others = [hubJob('org/other'), hubJob('org/model', 'main'), hubJob('org/model', 'b'.repeat(40)), jobSpecOf({})];
  for (const spec of others) expect(useImportedModel(spec, [IMPORTED])).toEqual(spec);
});

it('says of a model of unknown origin that its commit is unknown', () => {
  const { source } = useImportedModel(hubJob('org/model'), [{ ...IMPORTED, revision: null }]);
  expect(source).toMatchObject({ origin: { revision: '0'.repeat(40) } });
});
