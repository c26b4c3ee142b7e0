import type { SubmitRequest } from '../../api/submit.ts';
import type { Coverage } from '../../domain/job.ts';
import type { Priority } from '../../domain/names.ts';
import type { Suite, SuiteSubmit } from '../../domain/suite.ts';

/** Names of the fleet's devices that a recipe of a suite can run on, `where` being conditions as a submit takes them. */
export type FindDevices = (
  recipeId: string,
  asked: Pick<SuiteSubmit, 'substituteEp' | 'substituteDevice'> & { readonly where: readonly string[] },
) => readonly string[];

export interface SuiteRun {
  /** In place of what the suite says. */
  readonly on?: Coverage;
  /** In addition to what the suite says. */
  readonly where: readonly string[];
  readonly priority: Priority;
}

export interface SuiteRequests {
  readonly requests: readonly SubmitRequest[];
  /** Recipes that no device fits. A suite is for every target there is; a farm has some. */
  readonly skipped: readonly string[];
}

/** The submits of a suite on this fleet. With named devices each recipe runs on those of them that fit. */
export function suiteRequests(suite: Suite, run: SuiteRun, devicesOf: FindDevices): SuiteRequests {
  const all = suite.submits.map((submit) => requestsOf(submit, run, devicesOf));
  return { requests: all.flatMap(({ requests }) => requests), skipped: [...new Set(all.flatMap(({ skipped }) => skipped))] };
}

function requestsOf(submit: SuiteSubmit, { on = submit.on, where, priority }: SuiteRun, devicesOf: FindDevices): SuiteRequests {
  const conditions = [...submit.where, ...where];
  const asked = { ...substitutionOf(submit), where: conditions };
  const groups = new Map<string, { readonly on: Coverage; readonly recipes: string[] }>();
  const skipped: string[] = [];
  for (const recipeId of submit.recipes) {
    const place = placeOf(on, devicesOf(recipeId, asked));
    const key = JSON.stringify(place);
    if (place === undefined) skipped.push(recipeId);
    else groups.set(key, { on: place, recipes: [...(groups.get(key)?.recipes ?? []), recipeId] });
  }
  const requests = [...groups.values()].map((group) => requestOf(submit, { ...group, where: conditions, priority }));
  return { requests, skipped };
}

/** Undefined when no device is left. */
function placeOf(on: Coverage, fitting: readonly string[]): Coverage | undefined {
  if (typeof on !== 'object') return fitting.length === 0 ? undefined : on;
  const units = on.units.filter((unit) => fitting.includes(unit));
  return units.length === 0 ? undefined : { units };
}

interface Group {
  readonly on: Coverage;
  readonly recipes: readonly string[];
  readonly where: readonly string[];
  readonly priority: Priority;
}

function requestOf({ model, set, tier, launches, task, ...rest }: SuiteSubmit, { on, recipes, where, priority }: Group): SubmitRequest {
  return {
    recipes: recipes.map((catalogueId) => ({ catalogueId })),
    on,
    tier,
    priority,
    ...(where.length > 0 && { where: [...where] }),
    ...(model !== undefined && { model: { kind: 'hub', ...model } as const }),
    ...(set.length > 0 && { set }),
    ...substitutionOf(rest),
    ...(launches !== undefined && { launches }),
    ...(task !== undefined && { task }),
  };
}

function substitutionOf({ substituteEp, substituteDevice }: Pick<SuiteSubmit, 'substituteEp' | 'substituteDevice'>) {
  return { ...(substituteEp !== undefined && { substituteEp }), ...(substituteDevice !== undefined && { substituteDevice }) };
}
