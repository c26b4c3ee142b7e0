import type { BenchmarkView } from './benchmark-view.ts';

/** A command that measures a cell again. What the farm cannot know (where the submitter's files lie) stands in capitals. */
export function reproduceCommand({ spec }: BenchmarkView, unit: string | null): string {
  const { recipe, origin, modelId, localData, localColumns = {}, substitution, tier, launches, task, qualityBound } = spec;
  // A variant of a sweep: `<catalogue path> --set pass.parameter=value`.
  const [recipeId = '', ...settings] = recipe.recipeId.split(' --set ');
  const recipeWord = recipeId.startsWith('adhoc:') ? 'RECIPE.json' : recipeId;
  const words = [
    'grove submit',
    quote(recipeWord),
    ...settings.map((setting) => `--set ${quote(setting)}`),
    `--model ${origin.kind === 'hub' ? quote(modelId) : 'FOLDER'}`,
    ...(origin.kind === 'hub' && !/^0+$/.test(origin.revision) ? [`--revision ${origin.revision}`] : []),
    ...localData.map((name) => `--data ${quote([`${name}=FILE`, localColumns[name]].filter(Boolean).join(':'))}`),
    ...(unit === null ? [] : [`--on ${quote(unit)}`]),
    ...substitutionWords(substitution),
    `--tier ${tier}`,
    ...(launches === null ? [] : [`--launches ${launches}`]),
    ...(task === null ? [] : [`--task ${quote(task)}`]),
    ...(qualityBound.asked === true ? [`--min-cosine ${qualityBound.min}`] : []),
    '--watch',
  ];
  return words.join(' ').slice(0, 2_000);
}

function substitutionWords(substitution: BenchmarkView['spec']['substitution']): readonly string[] {
  if (substitution === null) return [];
  return [substitution.kind === 'ep' ? '--substitute-ep cpu' : `--substitute-device ${substitution.executed}`];
}

/** Recipe names and model ids may hold anything a file name may. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replaceAll(/["\\$`]/g, '\\$&')}"`;
}
