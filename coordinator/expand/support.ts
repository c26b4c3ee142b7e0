import type { Device } from '../../domain/device.ts';
import { type ErrorReport, GroveError } from '../../domain/errors.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe, RecipePass } from '../../domain/recipe/recipe.ts';

/** Who converts a recipe and runs its target passes: Grove alone, agents with a toolchain, or nobody. */
export type Support =
  | { readonly kind: 'runnable'; readonly hostToolchains: readonly string[]; readonly targetToolchains: readonly string[] }
  | { readonly kind: 'unsupported'; readonly error: ErrorReport };

/** Decides from the recipe and the toolchains that agents of the farm offer. */
export function supportOf(recipe: Recipe, devices: readonly Device[]): Support {
  const [script] = recipe.userScripts;
  if (script !== undefined) return { kind: 'unsupported', error: new GroveError('user-script-refused', { path: script }).toReport() };
  const offered = new Set(devices.flatMap(({ profile }) => profile.toolchains));
  const lacking = recipe.passes.find((pass) => pass.known === 'olive' && toolchainOf(pass, offered) === undefined);
  if (lacking !== undefined) {
    const { type, path, detail } = lacking;
    return { kind: 'unsupported', error: new GroveError('unsupported-pass', { type, path, detail }).toReport() };
  }
  const { host, target } = planConversion(recipe);
  return { kind: 'runnable', hostToolchains: toolchainsOf(host, offered), targetToolchains: toolchainsOf(target, offered) };
}

function toolchainsOf(passes: readonly RecipePass[], offered: ReadonlySet<string>): readonly string[] {
  const needed = passes.filter(({ known }) => known === 'olive').flatMap((pass) => toolchainOf(pass, offered) ?? []);
  return [...new Set(needed)].sort();
}

/** OpenVINO passes run in its own toolchain where there is one; Olive's runs every pass. */
function toolchainOf(pass: RecipePass, offered: ReadonlySet<string>): string | undefined {
  const able = pass.type.startsWith('OpenVINO') ? ['openvino', 'olive'] : ['olive'];
  return able.find((toolchain) => offered.has(toolchain));
}
