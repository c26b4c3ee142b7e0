import { dirname, resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { firstUnsupportedPass, planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { ParsedRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { ConversionData } from '../../engine/convert/conversion-data.ts';
import { convertModel } from '../../engine/convert/convert.ts';
import type { ConvertEvent, ConvertResult } from '../../engine/convert/convert-request.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { print, table } from '../output.ts';
import { parseDataFile } from '../sources/data-file.ts';
import { readLocalRecipe } from '../sources/local-recipe.ts';
import { isFolder } from '../sources/model-folder.ts';

/** `grove convert`'s options. */
export interface ConvertOptions extends OutputOptions {
  readonly model: string;
  readonly out: string;
  readonly data: readonly string[];
  readonly task?: string;
  readonly set: readonly string[];
  readonly explain?: boolean;
}

/** Runs the host passes of a recipe, or explains them, and prints the result. Throws what reading the recipe and converting throw. */
export async function runConvert(recipe: string, options: ConvertOptions, context: CommandContext): Promise<void> {
  const parsed = await readLocalRecipe(recipe, { task: options.task, set: options.set });
  for (const warning of parsed.warnings) context.terminal.error(`warning: ${warning.path}: ${warning.message}`);
  if (options.explain === true) context.terminal.out(explanation(parsed));
  else print({ ...options, terminal: context.terminal }, await convert(parsed, options, context), resultText);
}

async function convert(
  { recipe }: ParsedRecipe,
  options: ConvertOptions,
  { terminal, interrupted }: CommandContext,
): Promise<ConvertResult> {
  const { host } = planConversion(recipe);
  const missing = firstUnsupportedPass(host);
  if (missing !== undefined) throw new GroveError('unsupported-pass', { type: missing.type, path: missing.path, detail: missing.detail });
  const source = resolve(options.model);
  return convertModel({
    passes: host,
    modelType: recipe.inputModel.type,
    source,
    data: await conversionData(recipe, source, options),
    task: recipe.inputModel.task,
    outFolder: resolve(options.out),
    exportFolder: null,
    accelerator: recipe.target.accelerator,
    runtime: await loadOrtNode(),
    signal: interrupted,
    onEvent: (event) => report(event, terminal),
  });
}

/** Throws `missing-data` for rows that the recipe does not read: a misspelt name would otherwise be ignored. */
async function conversionData(
  { dataConfigs: configs }: Recipe,
  source: string,
  { data }: Pick<ConvertOptions, 'data'>,
): Promise<ConversionData> {
  const files = await Promise.all(data.map((argument) => parseDataFile(argument, process.cwd())));
  const unknown = files.find(({ name }) => !configs.some((config) => config.name === name));
  if (unknown !== undefined) throw new GroveError('missing-data', { path: '--data', name: unknown.name });
  const rows = files.map(({ name, file, columns }) => [name, { file, ...(columns && { columns }) }] as const);
  return { configs, rows: Object.fromEntries(rows), tokenizerFolder: (await isFolder(source)) ? source : dirname(source) };
}

function report(event: ConvertEvent, terminal: CommandContext['terminal']): void {
  if (event.kind === 'pass-started') terminal.error(`[${event.index + 1}/${event.count}] ${event.type} (${event.name})`);
  else if (event.kind === 'log') terminal.error(event.line);
}

function resultText(result: ConvertResult): string {
  const rows = result.passes.map((pass) => [
    pass.type,
    `${pass.durationMs.toFixed(0)} ms`,
    `${pass.nodesBefore} -> ${pass.nodesAfter}`,
    counts(pass.counts),
  ]);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    table(['pass', 'took', 'nodes', 'what it did'], rows),
    ...result.findings.map((finding) => `lint: ${finding.path}: ${finding.message} [${finding.rule}]`),
    `${result.modelPath}: ${megabytes(result.sourceBytes)} -> ${megabytes(result.resultBytes)}`,
  ].join('\n');
}

function counts(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function explanation({ recipe }: ParsedRecipe): string {
  const { host, target } = planConversion(recipe);
  const line =
    (where: string) =>
    ({ name, type, known, detail, params }: (typeof host)[number]) => [
      type,
      name,
      where,
      known === 'native' ? 'native' : `needs the Olive toolchain${detail}`,
      JSON.stringify(params),
    ];
  const rows = [...host.map(line('here')), ...target.map(line('on the benchmarked device'))];
  return [
    `target ${recipe.target.device} ${recipe.target.ep}, task ${recipe.inputModel.task}`,
    table(['pass', 'name', 'runs', 'by', 'parameters'], rows),
  ].join('\n');
}
