import { describe, expect, it } from 'vitest';
import { sha256 } from '../platform/sha256.ts';
import { GroveError } from './errors.ts';
import { loadCatalogue } from './recipe/catalogue.ts';
import { catalogueText, LABELS } from './recipe/recipe.cases.ts';
import { loadSuites } from './suite.ts';

const entries = LABELS.map((label) => ({
  file: `${label}.json`,
  label,
  title: label,
  precision: 'fp16',
  quality: { minCosine: 0.99 },
  published: null,
}));
const card = { schema: 1, modelId: 'o/m', title: 't', summary: '', licence: 'MIT', homepage: null, inputShape: [1, 8], recipes: entries };
const CATALOGUE = loadCatalogue(
  [
    { path: 'm/model.json', text: JSON.stringify(card) },
    ...LABELS.map((label) => ({ path: `m/${label}.json`, text: catalogueText(label) })),
  ],
  sha256,
);

const load = (submit: object, path = 'suites/nightly.json') =>
  loadSuites([{ path, text: JSON.stringify({ schema: 1, title: 'Nightly', submits: [submit] }) }], CATALOGUE);

function problemOf(run: () => unknown): string {
  try {
    run();
    return 'nothing thrown';
  } catch (error) {
    return error instanceof GroveError && error.code === 'invalid-config' ? error.message : `not invalid-config: ${String(error)}`;
  }
}

describe('suites', () => {
  it('name recipes by id, file or label, and take the defaults of a submit', () => {
    expect(load({ recipes: ['trtrtx', 'm/dml.json'] })).toEqual([
      {
        name: 'nightly',
        schema: 1,
        title: 'Nightly',
        summary: '',
        submits: [{ recipes: ['m/trtrtx.json', 'm/dml.json'], on: 'each-device-model', where: [], tier: 'standard', set: [] }],
      },
    ]);
  });

  it('are the files of their folder only, by name', () => {
    const text = JSON.stringify({ schema: 1, title: 't', submits: [{ recipes: ['dml'] }] });
    const files = ['suites/b.json', 'm/model.json', 'suites/a.json'].map((path) => ({ path, text }));
    expect(loadSuites(files, CATALOGUE).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it.each<[string, object, RegExp]>([
    ['a recipe nobody has', { recipes: ['trtrt'] }, /suites\/nightly\.json.*trtrt/s],
    ['a condition that means nothing', { recipes: ['dml'], where: ['class>=3'] }, /class has no order/],
    ['a setting for no recipe', { recipes: ['dml'], set: ['nothing.x=1'] }, /nothing/],
    ['a member nobody knows', { recipes: ['dml'], teir: 'smoke' }, /teir/],
    ['no recipe', { recipes: [] }, /recipes/],
  ])('with %s are refused with the file and the problem', (_what, submit, message) => {
    expect(problemOf(() => load(submit))).toMatch(message);
  });

  it('with a name that fits no address are refused', () => {
    expect(problemOf(() => load({ recipes: ['dml'] }, 'suites/a b.json'))).toMatch(/not a plain name/);
  });
});
