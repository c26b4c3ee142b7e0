import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { lintRecipe } from '../../domain/lint/lint-recipe.ts';
import { MODEL_RULES } from '../../domain/lint/model-rules.ts';
import type { LintFinding } from '../../domain/lint/rule.ts';
import { lintSharedOutputFolders } from '../../domain/lint/shared-output-folders.ts';
import { dataNeeds, isDummyData } from '../../domain/recipe/conversion-data.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe, RecipePass } from '../../domain/recipe/recipe.ts';
import { toolchainText } from '../../domain/toolchains.ts';
import { convertModel } from '../../engine/convert/convert.ts';
import type { ConvertFinding } from '../../engine/convert/convert-request.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { conversionData, givenRows } from '../convert/conversion-data.ts';
import { EXIT } from '../exit-code.ts';
import { print } from '../output.ts';
import type { DataFile } from '../sources/data-file.ts';
import { readLocalRecipe } from '../sources/local-recipe.ts';

/** `grove lint`'s options. */
export interface LintOptions extends OutputOptions {
  readonly model?: string;
  readonly data: readonly string[];
  readonly task?: string;
  readonly set: readonly string[];
  readonly strict?: boolean;
}

/** What lint says of one recipe. */
interface LintedRecipe {
  readonly recipe: string;
  /** What Olive would only warn about. */
  readonly warnings: readonly { readonly path: string; readonly message: string }[];
  readonly findings: readonly LintFinding[];
  /** The passes that rules on the model were not tried on, with the reason; empty when all were, or no model was given. */
  readonly notTried: string;
}

/** Lints recipes, with a model by converting it and throwing the result away. Ends with 6 on a finding when strict. Throws what reading and converting throw. */
export async function runLint(recipes: readonly string[], options: LintOptions, context: CommandContext): Promise<void> {
  const read = await Promise.all(recipes.map((argument) => readLocalRecipe(argument, { task: options.task, set: options.set })));
  const files = await givenRows(
    options.data,
    read.map(({ recipe }) => recipe),
  );
  const shared = lintSharedOutputFolders(read.map(({ recipe }) => recipe));
  const linted: LintedRecipe[] = [];
  for (const { recipe, warnings } of read) {
    const inModel = options.model === undefined ? NOTHING : await lintWithModel(recipe, options.model, { files, context });
    const inSet = shared.filter(({ recipeName }) => recipeName === recipe.name);
    const findings = [...lintRecipe(recipe), ...inSet.map(({ recipeName: _recipeName, ...finding }) => finding), ...inModel.findings];
    linted.push({ recipe: recipe.name, warnings, findings, notTried: inModel.notTried });
  }
  print({ output: options.output, terminal: context.terminal }, { recipes: linted }, lintText);
  if (options.strict === true && linted.some(({ findings }) => findings.length > 0)) context.exit(EXIT.recipeFailed);
}

interface ModelLint {
  readonly findings: readonly LintFinding[];
  readonly notTried: string;
}

const NOTHING: ModelLint = { findings: [], notTried: '' };

/** The passes from the first that cannot run here on are left out: what the others find still holds. */
async function lintWithModel(
  recipe: Recipe,
  model: string,
  { files, context }: { readonly files: readonly DataFile[]; readonly context: CommandContext },
): Promise<ModelLint> {
  const source = resolve(model);
  const data = await conversionData(recipe, source, files);
  const { host } = planConversion(recipe);
  const rows = new Set([...Object.keys(data.rows), ...data.configs.filter(isDummyData).map(({ name }) => name)]);
  const stop = host.findIndex((pass) => whyNotHere(pass, rows) !== undefined);
  const passes = stop === -1 ? host : host.slice(0, stop);
  const [first] = host.slice(passes.length);
  const notTried = first === undefined ? '' : `from ${first.name} (${first.type}) on: ${whyNotHere(first, rows)}`;
  if (passes.length === 0) return { findings: [], notTried };
  const folder = await mkdtemp(join(tmpdir(), 'grove-lint-'));
  try {
    const { findings } = await convertModel({
      passes,
      inputModel: recipe.inputModel,
      source,
      data,
      outFolder: folder,
      exportFolder: null,
      accelerator: recipe.target.accelerator,
      runtime: await loadOrtNode(),
      signal: context.interrupted,
      onEvent: () => undefined,
    });
    return { findings: findings.map(withAdvice), notTried };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function whyNotHere(pass: RecipePass, rows: ReadonlySet<string>): string | undefined {
  if (pass.known !== 'native') return `it needs ${toolchainText(pass)}`;
  const [need] = dataNeeds([pass]);
  if (need === undefined) return undefined;
  if (need.name === null) return 'it calibrates and names no data_config';
  return rows.has(need.name) ? undefined : `it reads the rows of ${need.name}: give them with --data ${need.name}=FILE`;
}

function withAdvice(finding: ConvertFinding): LintFinding {
  const { remedy } = MODEL_RULES[finding.rule];
  return { ...finding, advice: `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.` };
}

function lintText({ recipes }: { readonly recipes: readonly LintedRecipe[] }): string {
  return recipes.map(recipeText).join('\n\n');
}

function recipeText({ recipe, warnings, findings, notTried }: LintedRecipe): string {
  const head = findings.length === 0 ? 'nothing found' : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  return [
    `${recipe}: ${head}`,
    ...warnings.map(({ path, message }) => `  warning: ${path}: ${message}`),
    ...findings.flatMap(({ rule, path, message, advice }) => [`  ${path}: ${message} [${rule}]`, `    ${advice}`]),
    ...(notTried === '' ? [] : [`  not tried ${notTried}`]),
  ].join('\n');
}
