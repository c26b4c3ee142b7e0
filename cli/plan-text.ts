import type { Plan } from '../api/submit.ts';
import { recipeLabel } from '../domain/matrix-text.ts';
import { duration, table } from './output.ts';

/** More notes than this would push tasks and machines off the screen; the rest is counted. */
const MAX_NOTES = 8;
const MAX_DEVICES = 3;

/** What a submit will do, before it does it: tasks, machines, estimate; then why some end at once, warnings and lint. */
export function planText(plan: Plan): string {
  const rows = plan.tasks.map((task) => [
    task.kind,
    recipeLabel(task.recipeId),
    task.executedEp ?? '-',
    task.deviceModel ?? '-',
    devices(task.deviceNames),
    task.state,
  ]);
  const eta = plan.etaMs === null ? 'unknown (nothing comparable has run yet)' : `about ${duration(plan.etaMs)}`;
  const cached = plan.cachedConversions === 0 ? '' : `; ${plan.cachedConversions} conversion(s) already stored`;
  const reasons = plan.tasks.flatMap(({ recipeId, reason }) => (reason === '' ? [] : [`${recipeLabel(recipeId)}: ${reason}`]));
  return [
    table(['task', 'recipe', 'ep', 'device', 'can run on', 'state'], rows),
    `Estimated time: ${eta}${cached}`,
    ...reasons,
    ...notes(plan),
  ].join('\n');
}

function devices(names: readonly string[]): string {
  const shown = names.slice(0, MAX_DEVICES).join(', ');
  return names.length > MAX_DEVICES ? `${shown} and ${names.length - MAX_DEVICES} more` : shown;
}

function notes(plan: Plan): readonly string[] {
  const warnings = plan.warnings.map(({ recipeId, path, message }) => `warning: ${recipeLabel(recipeId)} ${path}: ${message}`);
  const lint = plan.lint.map(({ recipeId, path, message, rule }) => `lint: ${recipeLabel(recipeId)} ${path}: ${message} [${rule}]`);
  const all = [...warnings, ...lint];
  const rest = all.length - MAX_NOTES;
  return rest > 0 ? [...all.slice(0, MAX_NOTES), `and ${rest} more: see \`grove recipe show RECIPE\``] : all;
}
