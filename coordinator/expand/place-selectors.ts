import { type JobSpec, selectorsOf } from '../../domain/job.ts';
import { canonicalJson } from '../../domain/json.ts';
import type { Requirement } from '../../domain/requirement.ts';
import { formatSelector } from '../../domain/selector/format.ts';
import type { ReadRecipe } from './findings.ts';
import { type KnownDevice, type Placement, type Placements, placeLater, placeOn, type RefusedDevice } from './placement.ts';
import { type BenchmarkNeed, benchmarkRequirement } from './requirements.ts';
import { unsatisfiable } from './step.ts';
import { type Support, supportOf } from './support.ts';

interface PlaceContext {
  readonly spec: JobSpec;
  readonly devices: readonly KnownDevice[];
  readonly support: Support;
}

/**
 * Where a recipe runs: on the devices of every selector. A selector without a device for this recipe adds nothing as long as another has one; a device
 * that several choose is measured once. A recipe that ends at once needs no device: it is shown wherever it was asked for. Nothing yet is no mistake
 * in a job that follows the fleet. Throws `unsatisfiable`.
 */
export function placeSelectors(read: ReadRecipe, context: PlaceContext): readonly Placement[] {
  const { spec, devices, support } = context;
  const needs = selectorsOf(spec).map((selector): BenchmarkNeed => ({ spec, support, selector }));
  const bases = needs.map((need) => benchmarkRequirement(read.recipe, need));
  const found = bases.map((base) => placeNow(devices, base, spec));
  const placements = distinct(found.flatMap((one) => one.placements));
  if (placements.length > 0 || spec.followForMs !== undefined) return placements;
  if (spec.waitForDevice || support.kind === 'unsupported') return distinct(bases.flatMap((base) => placeLater(base, spec.coverage)));
  const [base] = bases;
  throw unsatisfiable(`${read.ref.recipeId} (${base?.deviceClass} ${base?.ep})`, mergeRefused(found.flatMap(({ refused }) => refused)));
}

/** A job that follows the fleet takes of the units it names those that are there. */
function placeNow(devices: readonly KnownDevice[], base: Requirement, { coverage, followForMs }: JobSpec): Placements {
  if (followForMs === undefined || typeof coverage !== 'object') return placeOn(devices, base, coverage);
  const each = coverage.units.map((unit) => placeOn(devices, base, { units: [unit] }));
  return { placements: each.flatMap(({ placements }) => placements), refused: [] };
}

/** One per unit, else one per requirement. */
function distinct(placements: readonly Placement[]): readonly Placement[] {
  return [...new Map(placements.map((placement) => [keyOf(placement), placement])).values()];
}

function keyOf({ requirement }: Placement): string {
  return requirement.unit ?? canonicalJson(requirement);
}

/** Each device once, with what every selector says of it. */
function mergeRefused(refused: readonly RefusedDevice[]): readonly RefusedDevice[] {
  const lines = new Map<string, Set<string>>();
  for (const { deviceName, lines: said } of refused) lines.set(deviceName, new Set([...(lines.get(deviceName) ?? []), ...said]));
  return [...lines].map(([deviceName, said]) => ({ deviceName, lines: [...said] }));
}

/**
 * Throws `unsatisfiable` for a selector of a sweep that chooses no device for any recipe, unless the job waits for devices: a misspelt one would leave
 * a hole in the sweep that nobody sees.
 */
export function refuseIdleSelectors(recipes: readonly ReadRecipe[], { spec, devices }: Omit<PlaceContext, 'support'>): void {
  if (spec.waitForDevice || spec.followForMs !== undefined || spec.sweep === undefined) return;
  for (const selector of spec.sweep.selectors) {
    const found = recipes.map(({ recipe }) =>
      placeOn(devices, benchmarkRequirement(recipe, { spec, support: supportOf(recipe, devices, spec), selector }), spec.coverage),
    );
    const refused = found.flatMap((one) => one.refused);
    if (found.every(({ placements }) => placements.length === 0)) throw unsatisfiable(formatSelector(selector), mergeRefused(refused));
  }
}
