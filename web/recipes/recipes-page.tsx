import { publishedText, recipeLabel } from '../../api/words.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { Table } from '../elements/table.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';

/** The catalogue. */
export function RecipesPage() {
  const { value, problem } = useAnswer({ ask: (signal) => farm.recipes({ signal }), key: 'recipes' });
  return (
    <>
      <PageHead title="Recipes" detail="the catalogue" tools={<a href="/submit">Submit a job</a>} />
      {problem !== undefined && <Problem problem={problem} />}
      {value === undefined && problem === undefined && <Loading what="recipes" />}
      {value !== undefined && (
        <Table
          label="Recipes"
          heads={[
            { text: 'Recipe' },
            { text: 'Title', kind: 'wrap' },
            { text: 'Model' },
            { text: 'Target' },
            { text: 'Passes', kind: 'figure' },
            { text: 'Conversion' },
            { text: 'Lint', kind: 'figure' },
            { text: 'Published' },
          ]}
          rows={value.recipes.map((recipe) => ({
            key: recipe.recipeId,
            cells: [
              <a key="recipe" href={`/recipes/${encodeURIComponent(recipe.recipeId)}`}>
                {recipeLabel(recipe.recipeId)}
              </a>,
              recipe.title,
              recipe.modelId ?? '–',
              recipe.target.replace(/ExecutionProvider\b/, ''),
              recipe.passes.length,
              recipe.supported ? 'native' : 'needs a toolchain',
              recipe.lint.length,
              publishedText(recipe.published).figure,
            ],
          }))}
        />
      )}
    </>
  );
}
