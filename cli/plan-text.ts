import type { Plan, RecipeFit } from '../api/submit.ts';
import { duration } from '../domain/duration.ts';
import { formatCount } from '../domain/job-text.ts';
import { recipeLabel } from '../domain/matrix-text.ts';
import { table } from './output.ts';

/** More notes than this would push tasks and machines off the screen; the rest is counted. */
const MAX_NOTES = 8;
const MAX_DEVICES = 3;

/** Plans of more tasks are told by recipe. */
const MAX_ROWS = 40;

export interface PlanTextOptions {
  /** Say of each recipe which devices fit, and what the others are refused for. */
  readonly withDevices?: boolean;
}

/** What a submit will do, before it does it: tasks, machines, estimate; then why some end at once, warnings and lint. */
export function planText(plan: Plan, { withDevices = false }: PlanTextOptions = {}): string {
  const rows = plan.tasks.map((task) => [
    task.kind,
    recipeLabel(task.recipeId),
    task.executedEp ?? '-',
    task.deviceModel ?? '-',
    devices(task),
    task.state,
    startText(task),
  ]);
  const eta = plan.etaMs === null ? `unknown (${plan.etaUnknown})` : `about ${duration(plan.etaMs)}`;
  const cached = plan.cachedConversions === 0 ? '' : `; ${plan.cachedConversions} conversion(s) already stored`;
  const reasons = plan.tasks.flatMap(({ recipeId, reason }) => (reason === '' ? [] : [`${recipeLabel(recipeId)}: ${reason}`]));
  return [
    plan.taskCount > MAX_ROWS ? countsText(plan) : table(['task', 'recipe', 'ep', 'device', 'can run on', 'state', 'starts in'], rows),
    ...(withDevices ? plan.fits.flatMap(fitText) : []),
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

function devices({ deviceNames, deviceCount }: Plan['tasks'][number]): string {
  return someText({ count: deviceCount, first: deviceNames });
}

function someText({ count, first }: RecipeFit['matching']): string {
  const shown = first.slice(0, MAX_DEVICES);
  const rest = count - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${formatCount(rest)} more` : shown.join(', ');
}

function startText({ estimate, state }: Plan['tasks'][number]): string {
  if (estimate === null) return state === 'waiting' || state === 'pending' ? '?' : '-';
  if (estimate.startMs === null) return '?';
  return estimate.startMs === 0 ? 'now' : duration(estimate.startMs);
}

/** One line for the devices that fit, and one for each refusal. */
function fitText({ recipeId, matching, refused }: RecipeFit): readonly string[] {
  const label = recipeLabel(recipeId);
  const fit = matching.count === 0 ? `${label}: no device fits` : `${label}: ${formatCount(matching.count)} fit: ${someText(matching)}`;
  const lines = refused.slice(0, MAX_NOTES).map(({ line, ...some }) => `  not ${formatCount(some.count)}: ${line} (${someText(some)})`);
  const rest = refused.length - lines.length;
  return [fit, ...lines, ...(rest > 0 ? [`  and ${rest} more reasons`] : [])];
}

function notes(plan: Plan): readonly string[] {
  const warnings = plan.warnings.map(({ recipeId, path, message }) => `warning: ${recipeLabel(recipeId)} ${path}: ${message}`);
  const lint = plan.lint.map(({ recipeId, path, message, rule }) => `lint: ${recipeLabel(recipeId)} ${path}: ${message} [${rule}]`);
  const all = [...warnings, ...lint];
  const rest = all.length - MAX_NOTES;
  return rest > 0 ? [...all.slice(0, MAX_NOTES), `and ${formatCount(rest)} more: see \`grove recipe show RECIPE\``] : all;
}
