import { MAX_PLAN_DEVICES, MAX_PLAN_FITS, type RecipeFit } from '../../api/submit.ts';
import { type Coverage, type JobSpec, selectorsOf } from '../../domain/job.ts';
import { canonicalJson } from '../../domain/json.ts';
import { type Requirement, refusals } from '../../domain/requirement.ts';
import type { ReadRecipe } from './findings.ts';
import { perFleet } from './per-fleet.ts';
import type { KnownDevice } from './placement.ts';
import { benchmarkRequirement } from './requirements.ts';
import { supportOf } from './support.ts';

/** Lines that one recipe may have. */
const MAX_LINES = 32;

/** Machines with one profile: judged once. */
interface Model {
  readonly device: KnownDevice;
  readonly names: readonly string[];
}

/** Which devices each of the first recipes can run on, and one line per refusal for the others. With named units only those are looked at. */
export function fitsOf(
  recipes: readonly ReadRecipe[],
  { spec, devices }: { readonly spec: JobSpec; readonly devices: readonly KnownDevice[] },
) {
  return recipes.slice(0, MAX_PLAN_FITS).map((read): RecipeFit => {
    const support = supportOf(read.recipe, devices, spec);
    const bases = selectorsOf(spec).map((selector) => benchmarkRequirement(read.recipe, { spec, support, selector }));
    const key = `${JSON.stringify(spec.coverage)} ${canonicalJson(bases)}`;
    return { recipeId: read.ref.recipeId, ...fits(devices, key, () => fitOf(devices, spec.coverage, bases)) };
  });
}

type Fit = Omit<RecipeFit, 'recipeId'>;

const fits = perFleet<Fit>();

function fitOf(devices: readonly KnownDevice[], coverage: Coverage, bases: readonly Requirement[]): Fit {
  const models = groupByProfile(devices.filter(({ name }) => isMeant(name, coverage)));
  const unknown = typeof coverage === 'object' ? missingOf(coverage.units, devices) : [];
  return judgeAll(models, bases, unknown);
}

function judgeAll(models: readonly Model[], bases: readonly Requirement[], unknown: readonly string[]): Fit {
  const matching: string[] = [];
  const refused = new Map<string, string[]>(unknown.length > 0 ? [['no agent has reported a device of this name', [...unknown]]] : []);
  for (const { device, names } of models) {
    const lines = linesOf(device, bases);
    if (lines.length === 0) matching.push(...names);
    for (const line of lines) refused.set(line, [...(refused.get(line) ?? []), ...names]);
  }
  const lines = [...refused].sort(([, a], [, b]) => b.length - a.length).slice(0, MAX_LINES);
  return { matching: someOf(matching), refused: lines.map(([line, names]) => ({ line, ...someOf(names) })) };
}

/** Empty when one of the selectors chooses the device. */
function linesOf({ profile }: KnownDevice, bases: readonly Requirement[]): readonly string[] {
  const said = bases.map((base) => refusals(base, profile).map(({ line }) => line));
  return said.some((lines) => lines.length === 0) ? [] : [...new Set(said.flat())];
}

function someOf(names: readonly string[]): RecipeFit['matching'] {
  return { count: names.length, first: [...names].sort().slice(0, MAX_PLAN_DEVICES) };
}

function groupByProfile(devices: readonly KnownDevice[]): readonly Model[] {
  const groups = new Map<string, { readonly device: KnownDevice; readonly names: string[] }>();
  for (const device of devices) {
    const key = device.profileDigest ?? device.name;
    const group = groups.get(key) ?? { device, names: [] };
    groups.set(key, group);
    group.names.push(device.name);
  }
  return [...groups.values()];
}

function isMeant(name: string, coverage: Coverage): boolean {
  return typeof coverage !== 'object' || coverage.units.includes(name);
}

function missingOf(units: readonly string[], devices: readonly KnownDevice[]): readonly string[] {
  const known = new Set(devices.map(({ name }) => name));
  return units.filter((unit) => !known.has(unit));
}
