import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Model } from '../../graph/model.ts';
import { readModelFile } from '../../onnx/read.ts';

const FOLDER = fileURLToPath(new URL('fixtures/', import.meta.url));

const summarySchema = z.object({
  nodes: z.number(),
  ops: z.record(z.string(), z.number()),
  inputs: z.record(z.string(), z.number()),
  outputs: z.record(z.string(), z.tuple([z.number(), z.string()])),
});
const referenceSchema = summarySchema.extend({ model: z.string(), case: z.string() });
const casesSchema = z.record(z.string(), z.object({ accelerator: z.string(), params: z.record(z.string(), z.unknown()) }));

/** What Olive made of one fixture with one set of parameters. */
export type Reference = z.output<typeof referenceSchema>;

/** A tiny encoder with seeded weights, exported as Olive exports: two layers, two heads, hidden size 6, 16 positions. */
export function fixtureModel(name: string): Promise<Model> {
  return readModelFile(`${FOLDER}${name}.onnx`);
}

/** The parameters Olive ran with, by the name of the case. */
export async function fixtureCases(): Promise<z.output<typeof casesSchema>> {
  return casesSchema.parse(JSON.parse(await readFile(`${FOLDER}cases.json`, 'utf8')));
}

/** What Olive made of every fixture in every case. */
export async function fixtureReferences(): Promise<readonly Reference[]> {
  const lines = (await readFile(`${FOLDER}references.jsonl`, 'utf8')).trim().split('\n');
  return lines.map((line) => referenceSchema.parse(JSON.parse(line)));
}
