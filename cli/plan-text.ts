import type { Plan } from '../api/submit.ts';
import { recipeLabel } from '../domain/matrix-text.ts';
import { duration, table } from './output.ts';

/** What a submit will do, before it does it: tasks, machines, estimate, lint. */
export function planText(plan: Plan): string {
  const rows = plan.tasks.map((task) => [
    task.kind,
    recipeLabel(task.recipeId),
    task.executedEp ?? '-',
    task.deviceModel ?? '-',
    task.deviceNames.slice(0, 3).join(', ') + (task.deviceNames.length > 3 ? ` and ${task.deviceNames.length - 3} more` : ''),
    task.reason === '' ? task.state : `${task.state}: ${task.reason}`,
  ]);
  const eta = plan.etaMs === null ? 'unknown (nothing comparable has run yet)' : `about ${duration(plan.etaMs)}`;
  const cached = plan.cachedConversions === 0 ? '' : `; ${plan.cachedConversions} conversion(s) already stored`;
  const warnings = plan.warnings.map((warning) => `warning: ${recipeLabel(warning.recipeId)} ${warning.path}: ${warning.message}`);
  const lint = plan.lint.map((finding) => `lint: ${recipeLabel(finding.recipeId)} ${finding.path}: ${finding.message} [${finding.rule}]`);
  return [
    table(['task', 'recipe', 'ep', 'device', 'can run on', 'state'], rows),
    `Estimated time: ${eta}${cached}`,
    ...warnings,
    ...lint,
  ].join('\n');
}
