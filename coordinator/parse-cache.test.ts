import { expect, it } from 'vitest';
import { minimalDocument, sha256 } from '../domain/recipe/recipe.cases.ts';
import { createParseCache } from './parse-cache.ts';

const textOf = (model: string): string =>
  JSON.stringify(minimalDocument({ input_model: { type: 'HfModel', model_path: model, task: 'feature-extraction' } }));

it('answers the same recipe for the same text, and another for another name', () => {
  const parse = createParseCache();
  const first = parse(textOf('some/model'), { name: 'a.json', sha256 });
  expect(parse(textOf('some/model'), { name: 'a.json', sha256 })).toBe(first);
  expect(parse(textOf('some/model'), { name: 'b.json', sha256 }).recipe.name).toBe('b.json');
});

it('forgets what was used longest ago once the texts take too much', () => {
  const [old, kept, added] = ['some/old', 'some/kept', 'some/new'].map(textOf) as [string, string, string];
  const parse = createParseCache(2.5 * old.length);
  const options = { name: 'a.json', sha256 };
  const [oldRecipe, keptRecipe] = [parse(old, options), parse(kept, options)];
  expect(parse(kept, options)).toBe(keptRecipe);
  parse(added, options);
  expect(parse(kept, options)).toBe(keptRecipe);
  expect(parse(old, options)).not.toBe(oldRecipe);
});

it('refuses what is no recipe each time', () => {
  const parse = createParseCache();
  for (const _ of [1, 2]) expect(() => parse('{', { name: 'a.json', sha256 })).toThrow('a.json');
});
