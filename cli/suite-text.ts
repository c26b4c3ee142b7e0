import type { SuiteView } from '../api/suites.ts';
import { recipeLabel } from '../domain/matrix-text.ts';

/** Where and since when a suite is pinned; `-` when it is not. */
export function pinText({ pin }: SuiteView): string {
  if (pin === null) return '-';
  const where = pin.where.length === 0 ? '' : ` where ${pin.where.join('; ')}`;
  return `${pin.units?.join(', ') ?? 'every device that fits'}${where} (${pin.by}, ${new Date(pin.since).toISOString().slice(0, 10)})`;
}

/** A suite as a person reads it. */
export function suiteText(suite: SuiteView): string {
  return [
    `${suite.name}  ${suite.title}`,
    ...(suite.summary === '' ? [] : [suite.summary]),
    ...suite.submits.map(submitText),
    `pinned: ${pinText(suite)}`,
  ].join('\n');
}

function submitText({
  recipes,
  model,
  on,
  where,
  tier,
  substituteEp,
  substituteDevice,
  set,
  lintFindings,
}: SuiteView['submits'][number]): string {
  const parts = [
    recipes.map(recipeLabel).join(', '),
    ...(model === null ? [] : [`of ${model.modelId}${model.revision === null ? '' : `@${model.revision}`}`]),
    `on ${typeof on === 'object' ? on.units.join(', ') : on}`,
    ...(where.length === 0 ? [] : [`where ${where.join('; ')}`]),
    tier,
    ...(substituteEp === null ? [] : [`substitute EP ${substituteEp}`]),
    ...(substituteDevice === null ? [] : [`substitute device ${substituteDevice}`]),
    ...set.map((setting) => `--set ${setting}`),
    ...(lintFindings === 0 ? [] : [`lint: ${lintFindings}`]),
  ];
  return `- ${parts.join('  ')}`;
}
