import type { Plan } from '../api/submit.ts';
import { formatCount } from '../domain/job-text.ts';
import { recipeLabel } from '../domain/matrix-text.ts';
import { duration, table } from './output.ts';

/** More notes than this would push tasks and machines off the screen; the rest is counted. */
const MAX_NOTES = 8;
const MAX_DEVICES = 3;

/** Plans of more tasks are told by recipe. */
const MAX_ROWS = 40;

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
    plan.taskCount > MAX_ROWS ? countsText(plan) : table(['task', 'recipe', 'ep', 'device', 'can run on', 'state'], rows),
    `Estimated time: ${eta}${cached}`,
    ...shorten(reasons, ({ length }) => `and ${length} more that end at once`),
    ...notes(plan),
  ].join('\n');
}

/** How many tasks each recipe has. */
function countsText({ taskCount, recipes }: Plan): string {
  const shown = recipes.slice(0, MAX_ROWS).map(({ recipeId, tasks }) => [recipeLabel(recipeId), formatCount(tasks)]);
  const rest = recipes.length > MAX_ROWS ? `\nand ${recipes.length - MAX_ROWS} more recipes` : '';
  return `${table(['recipe', 'tasks'], shown)}${rest}\n${formatCount(taskCount)} tasks in all`;
}

function shorten(lines: readonly string[], restText: (rest: readonly string[]) => string): readonly string[] {
  const distinct = [...new Set(lines)];
  const rest = distinct.slice(MAX_NOTES);
  return rest.length === 0 ? distinct : [...distinct.slice(0, MAX_NOTES), restText(rest)];
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
  return rest > 0 ? [...all.slice(0, MAX_NOTES), `and ${formatCount(rest)} more: see \`grove recipe show RECIPE\``] : all;
}
