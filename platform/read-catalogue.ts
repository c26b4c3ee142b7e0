import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha256 } from '../domain/json.ts';
import { type Catalogue, type CatalogueFile, loadCatalogue } from '../domain/recipe/catalogue.ts';
import { loadSuites, type Suite } from '../domain/suite.ts';

/** Reads the JSON files of a catalogue folder, one level deep. An absent folder is an empty catalogue. Throws what `loadCatalogue` throws. */
export async function readCatalogue(folder: string, sha256: Sha256): Promise<Catalogue> {
  const models = await listFolder(folder);
  const files = await Promise.all(models.filter((entry) => entry.isDirectory()).map(({ name }) => readModelFolder(folder, name)));
  return loadCatalogue(files.flat(), sha256);
}

/** Reads the suites of a catalogue folder. Throws what `loadSuites` throws. */
export async function readSuites(folder: string, catalogue: Catalogue): Promise<readonly Suite[]> {
  return loadSuites(await readModelFolder(folder, 'suites'), catalogue);
}

async function readModelFolder(folder: string, model: string): Promise<readonly CatalogueFile[]> {
  const names = (await listFolder(join(folder, model))).filter((entry) => entry.isFile() && entry.name.endsWith('.json'));
  return Promise.all(
    names.map(async ({ name }) => ({ path: `${model}/${name}`, text: await readFile(join(folder, model, name), 'utf8') })),
  );
}

async function listFolder(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
}
