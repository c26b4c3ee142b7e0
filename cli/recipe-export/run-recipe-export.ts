import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { lintRecipe } from '../../domain/lint/lint-recipe.ts';
import { oliveDocument, USER_SCRIPT } from '../../domain/recipe/olive-document.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { makeOutFolder } from '../make-folder.ts';
import { print } from '../output.ts';
import { readLocalRecipe, readRecipeFile } from '../sources/local-recipe.ts';

/** `grove recipe export`'s options. */
export interface RecipeExportOptions extends OutputOptions {
  readonly olive?: boolean;
  readonly out: string;
  readonly task?: string;
  readonly set: readonly string[];
  readonly overwrite?: boolean;
}

/** A folder that Olive can run. */
interface ExportedRecipe {
  readonly folder: string;
  readonly files: readonly string[];
  /** How the recipe in it differs from the one that was given; empty: it is the same file. */
  readonly changes: readonly string[];
}

/**
 * Writes a folder with the recipe, what it needs beside itself, and a README. A recipe that Olive reads as it is stays the same file, byte for byte, unless
 * options change it. Throws `invalid-argument` for a form nobody knows and for files that hold something else.
 */
export async function runRecipeExport(argument: string, options: RecipeExportOptions, { terminal }: CommandContext): Promise<void> {
  if (options.olive !== true) throw new GroveError('invalid-argument', { problem: 'name the form to export: --olive' });
  const { recipe } = await readLocalRecipe(argument, { task: options.task, set: options.set });
  const { fileName, text } = await readRecipeFile(argument);
  const { document, script, changes } = oliveDocument(recipe);
  const isEdited = options.task !== undefined || options.set.length > 0;
  const files = {
    [fileName]: isEdited || changes.length > 0 ? `${JSON.stringify(document, null, 2)}\n` : text,
    ...(script === null ? {} : { [USER_SCRIPT]: script }),
    'README.md': readme(fileName, recipe, changes),
  };
  const folder = resolve(options.out);
  await writeFiles(folder, files, options.overwrite === true);
  const exported: ExportedRecipe = { folder, files: Object.keys(files), changes };
  print({ output: options.output, terminal }, exported, exportedText);
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>, overwrite: boolean): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const present = await readFile(join(folder, name), 'utf8').catch(() => text);
    if (present !== text && !overwrite)
      throw new GroveError('invalid-argument', {
        problem: `${join(folder, name)} holds something else: name another folder, or add --overwrite`,
      });
  }
  await makeOutFolder(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

function exportedText({ folder, files, changes }: ExportedRecipe): string {
  return [`${folder}: ${files.join(', ')}`, ...(changes.length === 0 ? ['Olive reads the recipe as it is.'] : changes)].join('\n');
}

function readme(fileName: string, recipe: Recipe, changes: readonly string[]): string {
  const { inputModel, target, outputDir, dataConfigs } = recipe;
  const sets = [...new Set(dataConfigs.flatMap(({ source }) => (source.dataset === null ? [] : [source.dataset])))];
  const openVino = recipe.passes.some(({ type }) => type.startsWith('OpenVINO'));
  const packages = openVino ? '"olive-ai[openvino]==0.13.0"' : 'olive-ai==0.13.0';
  const findings = lintRecipe(recipe).map(({ path, message }) => `- \`${path}\`: ${message}.`);
  return [
    `# ${fileName}`,
    `Converts ${inputModel.modelPath === null ? 'a model' : `\`${inputModel.modelPath}\``} for ${target.device} with ${target.ep}.`,
    'Run it from this folder, with the versions it is compared against:',
    [
      '```sh',
      `pip install ${packages} "onnxruntime<1.26" "transformers==4.57.*" datasets torch`,
      `olive run --config ${fileName}`,
      '```',
    ].join('\n'),
    `The result is written to \`${outputDir ?? '.'}\`.${sets.length === 0 ? '' : ` It reads ${sets.map((name) => `\`${name}\``).join(', ')} from the Hugging Face hub.`}`,
    ...(changes.length === 0
      ? ['The recipe is the file itself.']
      : ['Differs from the recipe as Grove runs it:', changes.map((change) => `- ${change}`).join('\n')]),
    ...(findings.length === 0 ? [] : ['What it does not do although it looks as if it did:', findings.join('\n')]),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}
