import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { catalogueText, sha256 } from '../../domain/recipe/recipe.cases.ts';
import { stageContext } from '../runner/task-context.cases.ts';
import type { Converted } from './convert-values.ts';
import { makeReferenceStage } from './reference.ts';

it('makes no Reference without the rows of the evaluation data, and says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-reference-'));
  try {
    const text = catalogueText('trtrtx');
    const { recipe } = parseRecipe(text, { name: 'trtrtx', sha256 });
    const key = 'a'.repeat(64);
    const value: Converted = {
      spec: {
        kind: 'convert',
        conversionKey: key,
        recipe: { recipeId: 'trtrtx', digest: key, text },
        source: { schemaVersion: 1, files: {}, data: {} },
        task: null,
        strict: false,
      },
      recipe,
      sourceFolder: folder,
      outcome: { passes: [], findings: [], sourceBytes: 1, resultBytes: 1, rssPeakBytes: 1, ortLibraryDigest: key },
      durationMs: 1,
      modelFolder: folder,
      exportFolder: join(folder, 'export'),
    };
    const lines: string[] = [];
    const made = await makeReferenceStage(value, await stageContext({ folder, lines, grants: () => [] }));
    expect(made.reference).toBeNull();
    expect(lines.join()).toContain('no rows of xnli');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
