import type { RecipeView } from '../../../api/recipes.ts';
import { lintRecipe } from '../../../domain/lint/lint-recipe.ts';
import { recipeLabel } from '../../../domain/matrix-text.ts';
import type { CatalogueRecipe } from '../../../domain/recipe/catalogue.ts';
import { facts } from '../../matrix/renderers/facts.ts';
import { type Html, html } from '../../matrix/renderers/html.ts';
import { lintSection } from '../../matrix/renderers/lint-section.ts';
import { renderPage } from '../../matrix/renderers/page.ts';
import { recipeView } from '../views/recipe-view.ts';

/** One recipe of the catalogue: its passes with every parameter, what lint says of it, and the file. */
export function renderRecipePage(entry: CatalogueRecipe): string {
  const view = recipeView(entry);
  const content = html`<p class="crumbs"><a href="/">Matrix</a> / recipes</p>
<div class="heading"><h1>${recipeLabel(view.recipeId)} <code>@${view.digest.slice(0, 8)}</code></h1><p class="muted">${view.title}</p>
<p class="tools"><a href="/api/v1/recipes/${encodeURIComponent(view.recipeId)}">JSON</a></p></div>
${facts([
  ['Recipe', view.recipeId],
  ['Model', view.modelId ?? ''],
  ['Target', view.target],
  ['Conversion', view.supported ? 'native' : view.unsupported.join('; ')],
])}
${lintSection(lintRecipe(entry.recipe))}
${passesSection(view)}
<section><h2>File</h2><pre>${view.text}</pre></section>`;
  return renderPage({ title: recipeLabel(view.recipeId), content });
}

function passesSection({ passes }: RecipeView): Html {
  const rows = passes.map(
    ({ name, type, side, native, params }) =>
      html`<tr><th scope="row">${name}</th><td>${type}</td><td>${side}${!native && ', needs the Olive toolchain'}</td><td class="wrap"><code>${JSON.stringify(params)}</code></td></tr>
`,
  );
  return html`<section><h2>Passes</h2><div class="scroll" tabindex="0" role="region" aria-label="Passes"><table class="plain"><thead><tr><th scope="col">Pass</th><th scope="col">Type</th><th scope="col">Runs</th><th scope="col">Parameters</th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}
