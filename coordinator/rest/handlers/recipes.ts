import { GroveError } from '../../../domain/errors.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { recipeSummary, recipeView } from '../views/recipe-view.ts';

/** The catalogue. It does not change while the coordinator runs, so the list is made once. */
export function recipeHandlers({ catalogue }: Pick<RestDeps, 'catalogue'>) {
  const recipes = catalogue.recipes.map(recipeSummary);
  return {
    async recipes() {
      return ok({ recipes });
    },
    async recipe({ params: { recipeId } }) {
      const entry = catalogue.recipes.find(({ id }) => id === recipeId);
      if (entry === undefined) throw new GroveError('not-found', { kind: 'recipe', id: recipeId });
      return ok(recipeView(entry));
    },
  } satisfies Partial<Handlers>;
}
