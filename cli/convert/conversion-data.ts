import { dirname } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { ConversionData } from '../../engine/convert/conversion-data.ts';
import { type DataFile, parseDataFile } from '../sources/data-file.ts';
import { isFolder } from '../sources/model-folder.ts';

/** The files given with `--data`. Throws `missing-data` for rows that none of the recipes reads: a misspelt name would otherwise be ignored. */
export async function givenRows(data: readonly string[], recipes: readonly Recipe[]): Promise<readonly DataFile[]> {
  const files = await Promise.all(data.map((argument) => parseDataFile(argument, process.cwd())));
  const known = new Set(recipes.flatMap(({ dataConfigs }) => dataConfigs.map(({ name }) => name)));
  const unknown = files.find(({ name }) => !known.has(name));
  if (unknown !== undefined) throw new GroveError('missing-data', { path: '--data', name: unknown.name });
  return files;
}

/** What a conversion of this source may read. */
export async function conversionData({ dataConfigs }: Recipe, source: string, files: readonly DataFile[]): Promise<ConversionData> {
  const rows = files.map(({ name, file, read }) => [name, { file, ...read }] as const);
  return { configs: dataConfigs, rows: Object.fromEntries(rows), tokenizerFolder: (await isFolder(source)) ? source : dirname(source) };
}
