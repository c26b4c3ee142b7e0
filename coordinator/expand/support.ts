import type { Device } from '../../domain/device.ts';
import { type ErrorReport, GroveError } from '../../domain/errors.ts';
import type { JobSpec } from '../../domain/job.ts';
import { CPU_EP } from '../../domain/names.ts';
import { planConversion, toolchainNeeded } from '../../domain/recipe/conversion-plan.ts';
import { oliveRefusal } from '../../domain/recipe/olive-refusal.ts';
import type { Recipe, RecipePass } from '../../domain/recipe/recipe.ts';
import { USER_SCRIPT_CAPABILITY } from '../../domain/recipe/user-scripts.ts';
import { offeredToolchain, toolchainNameOf } from '../../domain/toolchains.ts';
import { perFleet } from './per-fleet.ts';

/** Passes whose result one execution provider alone can run. */
const BINDING: readonly string[] = ['EPContextBinaryGenerator', 'OpenVINOEncapsulation', 'QNNContextBinaryGenerator'];

/** Who converts a recipe and runs its target passes: Grove alone, agents with a toolchain, or nobody. */
export type Support =
  | { readonly kind: 'runnable'; readonly hostToolchains: readonly string[]; readonly targetToolchains: readonly string[] }
  | { readonly kind: 'unsupported'; readonly error: ErrorReport };

const offeredToolchains = perFleet<ReadonlySet<string>>();

/**
 * Decides from the recipe and the toolchains that agents of the farm offer. Olive converts everything or nothing: where a pass needs it, it runs all of a side.
 */
export function supportOf(recipe: Recipe, devices: readonly Device[], { substituteEp }: Pick<JobSpec, 'substituteEp'>): Support {
  const script = scriptRefusal(recipe, devices);
  if (script !== undefined) return { kind: 'unsupported', error: script.toReport() };
  const offered = offeredToolchains(devices, '', () => new Set(devices.flatMap(({ profile }) => profile.toolchains)));
  const { host, target } = planConversion(recipe);
  const runsScripts = recipe.userScripts.length > 0;
  const hostToolchain = runsScripts ? scriptToolchain(devices) : toolchainOf(host, offered);
  const targetToolchain = toolchainOf(target, offered);
  const lacking = hostToolchain.lacking ?? targetToolchain.lacking;
  if (lacking !== undefined) return { kind: 'unsupported', error: unsupportedPass(lacking).toReport() };
  const ids = [...hostToolchain.ids, ...targetToolchain.ids];
  const refusal = ids.some((id) => toolchainNameOf(id) === 'olive') ? oliveRefusal(recipe) : undefined;
  if (refusal !== undefined) return { kind: 'unsupported', error: refusal.toReport() };
  if (substituteEp === 'cpu' && recipe.target.ep !== CPU_EP && recipe.passes.some(({ type }) => BINDING.includes(type))) {
    const error = new GroveError('ep-bound-artifact', { ep: recipe.target.ep, requested: CPU_EP });
    return { kind: 'unsupported', error: error.toReport() };
  }
  return { kind: 'runnable', hostToolchains: hostToolchain.ids, targetToolchains: targetToolchain.ids };
}

/** Why nobody runs the code of a recipe; undefined when it has none, or when a machine with Olive may. */
function scriptRefusal({ userScripts, lackingScripts }: Recipe, devices: readonly Device[]): GroveError | undefined {
  const [path] = userScripts;
  if (path === undefined) return undefined;
  const [lacking] = lackingScripts;
  if (lacking !== undefined) return new GroveError('user-script-refused', { path: lacking, why: 'its file did not come with it' });
  const why = "no machine with Olive's toolchain allows that (capability user-script)";
  return scriptToolchain(devices).ids.length > 0 ? undefined : new GroveError('user-script-refused', { path, why });
}

/** Olive on a machine whose operator lets recipes run code there. */
function scriptToolchain(devices: readonly Device[]): Toolchain {
  const willing = devices.filter(({ profile }) => profile.capabilities.includes(USER_SCRIPT_CAPABILITY));
  const id = offeredToolchain('olive', new Set(willing.flatMap(({ profile }) => profile.toolchains)));
  return { ids: id === undefined ? [] : [id] };
}

/** Ids of what runs the passes of one side, or the first pass that nobody runs. */
interface Toolchain {
  readonly ids: readonly string[];
  readonly lacking?: RecipePass | undefined;
}

/** OpenVINO passes run in its own toolchain where there is one; Olive's runs every pass. */
function toolchainOf(passes: readonly RecipePass[], offered: ReadonlySet<string>): Toolchain {
  const needed = toolchainNeeded(passes);
  if (needed === undefined) return { ids: [] };
  const id = offeredToolchain(needed, offered) ?? offeredToolchain('olive', offered);
  return id === undefined ? { ids: [], lacking: passes.find(({ known }) => known === needed) } : { ids: [id] };
}

function unsupportedPass({ type, path, known, detail }: RecipePass): GroveError {
  return new GroveError('unsupported-pass', { type, path, detail: known === 'openvino' ? " without OpenVINO's toolchain" : detail });
}
