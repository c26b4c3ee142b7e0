import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { GroveClient } from '../../api/client.ts';
import type { SubmitAnswer, SubmitRequest } from '../../api/submit.ts';
import type { Blob, FileMap } from '../../domain/manifest.ts';
import { CATALOGUE_FOLDER } from '../../platform/installation.ts';
import { sha256 } from '../../platform/sha256.ts';

const CATALOGUE_ID = 'trtrtx';
const RECIPE_FILE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json';
const POLL_MS = 50;

/** A model whose content nobody looks at: the simulated agents convert nothing. */
export interface StandInModel {
  /** What a submit names. */
  readonly files: FileMap;
  /** What conversions answer. */
  readonly converted: Blob;
}

export async function uploadStandIn(client: GroveClient): Promise<StandInModel> {
  const sources = ['config.json', 'model.safetensors', 'converted'].map((path) => {
    const bytes = Buffer.from(`stand-in for ${path}`);
    return { path, sha256: sha256(bytes), sizeBytes: bytes.length, open: () => chunksOf(bytes) };
  });
  const { converted, ...files } = await client.uploadFiles(sources);
  if (converted === undefined) throw new Error('the farm did not store the stand-in');
  return { files, converted };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** One benchmark on any device, of a catalogue recipe whose conversion all such jobs share. */
export function anyDevice(model: StandInModel): SubmitRequest {
  return {
    recipes: [{ catalogueId: CATALOGUE_ID }],
    model: { kind: 'uploaded', files: model.files },
    on: 'any',
    substituteEp: 'cpu',
    tier: 'smoke',
  };
}

/** That many benchmarks for the agents of one lane: copies of the recipe that differ in their output folder only, and so share the conversion too. */
export async function laneJob(
  model: StandInModel,
  { lane, benchmarks }: { readonly lane: number; readonly benchmarks: number },
): Promise<SubmitRequest> {
  const recipe = JSON.parse(await readFile(join(CATALOGUE_FOLDER, RECIPE_FILE), 'utf8'));
  const recipes = Array.from({ length: benchmarks }, (_, index) => {
    const name = `lane-${lane}-${index}`;
    return { name: `${name}.json`, text: JSON.stringify({ ...recipe, output_dir: name }) };
  });
  return { ...anyDevice(model), recipes, where: { lane: `${lane}` } };
}

/** Submits and waits until every task has ended. Throws when one did not complete. */
export async function submitAndWait(client: GroveClient, request: SubmitRequest): Promise<void> {
  await untilCompleted(client, jobIdOf(await client.submit(request)));
}

export function jobIdOf({ jobId }: SubmitAnswer): string {
  if (jobId === null) throw new Error('a dry run was answered');
  return jobId;
}

export async function untilCompleted(client: GroveClient, jobId: string): Promise<void> {
  for (;;) {
    const { state } = await client.job(jobId);
    if (state === 'completed') return;
    if (state !== 'running') throw new Error(`job ${jobId} ended as ${state}`);
    await setTimeout(POLL_MS);
  }
}
