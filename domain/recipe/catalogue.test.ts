import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CatalogueFile, findCatalogueRecipe, loadCatalogue } from './catalogue.ts';
import { sha256 } from './recipe.cases.ts';

const folder = new URL('../../recipes/', import.meta.url);

function catalogueFiles(): CatalogueFile[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  return names.map((name) => ({
    path: name.replaceAll('\\', '/'),
    text: readFileSync(new URL(name.replaceAll('\\', '/'), folder), 'utf8'),
  }));
}

describe('the catalogue', () => {
  const catalogue = loadCatalogue(catalogueFiles(), sha256);

  it('holds the five MiniLM recipes', () => {
    expect(catalogue.recipes.map(({ entry }) => entry.label)).toEqual(['qdq_amd', 'qdq_qnn', 'context_ov_static', 'trtrtx', 'dml']);
    expect(catalogue.recipes.every(({ recipe, model }) => recipe.inputModel.modelPath === model.modelId)).toBe(true);
  });

  it('names every recipe file of a model folder', () => {
    const files = readdirSync(new URL('ms-marco-MiniLM-L-6-v2/', folder)).filter((name) => name !== 'model.json');
    expect(catalogue.recipes.map(({ entry }) => entry.file).sort()).toEqual(files.sort());
  });

  it('claims no hardware for published figures', () => {
    expect(catalogue.recipes.map(({ entry }) => entry.published?.hardware)).toEqual([null, null, null, null, null]);
  });

  it.each([
    'trtrtx',
    'ms-marco-MiniLM-L-6-v2_trtrtx',
    'ms-marco-MiniLM-L-6-v2_trtrtx.json',
    'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json',
  ])('finds a recipe as %s', (name) => {
    expect(findCatalogueRecipe(catalogue, name).recipe.target.accelerator).toBe('gpu-nvtensorrtrtx');
  });

  it('suggests the nearest name', () => {
    expect(() => findCatalogueRecipe(catalogue, 'trtrx')).toThrow('perhaps trtrtx');
  });

  it('refuses a model card with an unknown member, and one that names a missing file', () => {
    const files = catalogueFiles();
    const card = files.find(({ path }) => path.endsWith('model.json'));
    const changed = files.map((file) => (file === card ? { ...file, text: file.text.replace('"title"', '"titel"') } : file));
    expect(() => loadCatalogue(changed, sha256)).toThrow('model.json');
    expect(() =>
      loadCatalogue(
        files.filter(({ path }) => !path.endsWith('_dml.json')),
        sha256,
      ),
    ).toThrow('names ms-marco-MiniLM-L-6-v2_dml.json');
  });
});
