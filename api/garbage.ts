import { z } from 'zod';

/** Whether to remove or only to count. */
export const garbageRequestSchema = z.strictObject({ dryRun: z.boolean().default(false).describe('Count what would go, remove nothing.') });

const count = z.int().min(0);

/** The collection that runs, or the last one of this coordinator. */
export const garbageViewSchema = z.object({
  running: z.boolean(),
  dryRun: z.boolean(),
  startedAt: z.number().nullable().describe('Milliseconds since 1970-01-01 UTC; null when there was none.'),
  problem: z.string().describe('Why it failed; empty when it did not.'),
  report: z
    .object({
      documents: count.describe('Jobs, tasks, results and imports that name blobs.'),
      blobs: count,
      bytes: count,
      garbageBlobs: count.describe('Named by nothing, and neither stored nor relied upon within a day.'),
      garbageBytes: count,
      removedBlobs: count,
      removedBytes: count,
      droppedUploads: count.describe('Uploads begun more than a day ago and never finished.'),
    })
    .nullable(),
});
export type GarbageView = z.infer<typeof garbageViewSchema>;
