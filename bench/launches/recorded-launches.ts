import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';

const recordedLaunchesSchema = z.strictObject({
  model: z.string(),
  machine: z.string(),
  recordedOn: z.string(),
  /** Mean of the load averages before and after: 0 is a quiet machine, more than its cores a crowded one. */
  load: z.number(),
  /** p50 of each launch, in the order they were measured. */
  launchMediansMs: z.array(z.number().positive()).min(20),
});
export type RecordedLaunches = z.infer<typeof recordedLaunchesSchema>;

/** The A/A launches in the repository. */
export async function readRecordedLaunches(): Promise<readonly RecordedLaunches[]> {
  const path = join(INSTALLATION_FOLDER, 'bench', 'launches', 'fixtures', 'launches.json');
  return z.array(recordedLaunchesSchema).parse(JSON.parse(await readFile(path, 'utf8')));
}
