import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { GroveError } from '../../domain/errors.ts';
import type { JobSpec } from '../../domain/job.ts';
import { LOCAL_PRINCIPAL } from '../../domain/principal.ts';
import { sha256 } from '../../platform/sha256.ts';
import { newTask } from '../../test/conformance/task-store/documents.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import type { ArchivedJobEntry } from '../artifacts/artifact-store.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import { lostJobs, type RecoverDeps, recoverJob } from './recover.ts';

/** A farm whose task store has lost everything, with the archive that stayed. */
function farmWith(specs: Readonly<Record<string, JobSpec>>) {
  const blobs = new Map<string, string>();
  const entries: ArchivedJobEntry[] = [];
  for (const [jobId, spec] of Object.entries(specs)) {
    const document = JSON.stringify({ schemaVersion: 1, kind: 'job', submittedAt: 5, principal: LOCAL_PRINCIPAL, jobId, spec });
    blobs.set(sha256(document), document);
    entries.push({ jobId, sha256: sha256(document) });
  }
  const store = createMemoryTaskStore();
  const expanded: JobSpec[] = [];
  const deps: RecoverDeps = {
    store,
    artifacts: {
      open: async (digest) => {
        const document = blobs.get(digest);
        if (document === undefined) throw new GroveError('not-found', { kind: 'blob', id: digest });
        return Readable.from([Buffer.from(document)]);
      },
    },
    index: {
      async *entries(jobId) {
        yield* entries.filter((entry) => jobId === undefined || entry.jobId === jobId);
      },
      remove: async (gone) => void entries.splice(entries.indexOf(gone), 1),
    },
    clock: new VirtualClock(),
    sha256,
    importedData: async () => [],
    expand: ({ jobId, spec }) => {
      expanded.push(spec);
      return { tasks: [newTask(`${jobId}-0`)] };
    },
  };
  return { deps, store, blobs, entries, expanded };
}

describe('jobs that the task store has lost', () => {
  it('are those with a document that the store does not know', async () => {
    const rerun = jobSpecOf({ cause: { kind: 'rerun', reason: 'run again' } });
    const { deps, store } = farmWith({ 'j-1': jobSpecOf(), 'j-2': jobSpecOf(), 'j-3': rerun });
    const known = { now: 1, principal: LOCAL_PRINCIPAL, jobId: 'j-2', idempotencyKey: 'k', requestDigest: 'd' };
    await store.submit({ ...known, spec: jobSpecOf(), priority: 'interactive', tasks: [] });
    expect(await lostJobs(deps)).toEqual([
      { jobId: 'j-1', submitter: 'local', submittedAt: 5, recipes: ['r'], recipeCount: 1, problem: '' },
      expect.objectContaining({ jobId: 'j-3', problem: 'it ran cells of the matrix again; use grove rerun' }),
    ]);
  });

  it('are submitted again once, under their own id, and wait for devices that are gone', async () => {
    const { deps, store, expanded } = farmWith({ 'j-1': jobSpecOf({ priority: 'urgent' }) });
    expect(await Promise.all([recoverJob(deps, 'j-1'), recoverJob(deps, 'j-1')])).toEqual([true, false]);
    expect(await recoverJob(deps, 'j-1')).toBe(false);
    expect(await store.job('j-1')).toMatchObject({ priority: 'urgent', principal: LOCAL_PRINCIPAL, taskIds: ['j-1-0'] });
    expect(expanded[0]?.waitForDevice).toBe(true);
    expect(await lostJobs(deps)).toEqual([]);
  });

  it('are refused when their document is gone, or does not say what they were', async () => {
    const rerun = jobSpecOf({ cause: { kind: 'rerun', reason: 'run again' } });
    const { deps, blobs, entries } = farmWith({ 'j-1': jobSpecOf(), 'j-3': rerun });
    await expect(recoverJob(deps, 'j-3')).rejects.toMatchObject({ code: 'invalid-request' });
    blobs.clear();
    await expect(recoverJob(deps, 'j-1')).rejects.toMatchObject({ code: 'not-found' });
    expect(await lostJobs(deps)).toEqual([]);
    expect(entries).toEqual([]);
  });
});
