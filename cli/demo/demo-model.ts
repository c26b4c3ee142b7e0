import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findInHubCache, hubCacheFolder } from '../sources/hub-cache.ts';
import { SYNTHETIC_MARKER, writeSyntheticModel } from './synthetic-model.ts';

/** The model the catalogue's first recipes are for. */
const DEMO_MODEL = 'cross-encoder/ms-marco-MiniLM-L-6-v2';

/** A checkpoint folder and where it came from, in words. */
export interface DemoModel {
  readonly folder: string;
  readonly origin: string;
}

interface Places {
  /** `--model`, when given. */
  readonly given: string | undefined;
  /** Where a synthetic checkpoint is made and found again. */
  readonly workFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The given folder, else a hub cache that has the model, else a seeded random checkpoint of exactly its architecture. Downloads nothing. */
export async function findDemoModel({ given, workFolder, env }: Places): Promise<DemoModel> {
  if (given !== undefined) return { folder: given, origin: 'the folder you named' };
  const cached = await findInHubCache(hubCacheFolder(env), DEMO_MODEL);
  if (cached !== undefined) return { folder: cached, origin: `your Hugging Face cache (${cached})` };
  const folder = join(workFolder, 'model');
  if (!(await isComplete(folder))) await writeSyntheticModel(folder);
  return { folder, origin: `random weights of the architecture of ${DEMO_MODEL}: every result is flagged synthetic` };
}

/** The marker is written last: a folder without it was cut short. */
async function isComplete(folder: string): Promise<boolean> {
  const marker = await readFile(join(folder, SYNTHETIC_MARKER), 'utf8').catch(() => '');
  const weights = await stat(join(folder, 'model.safetensors')).catch(() => undefined);
  return marker.length > 0 && weights?.isFile() === true;
}
