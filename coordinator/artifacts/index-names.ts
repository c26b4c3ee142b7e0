import type { ArchivedJobEntry } from './artifact-store.ts';

/** An entry is an empty file or object with this name: a list of names is the whole index. */
export function indexName({ jobId, sha256 }: ArchivedJobEntry): string {
  return `${encodeURIComponent(jobId)}.${sha256}`;
}

/** Undefined for a name that is no entry. */
export function readIndexName(name: string): ArchivedJobEntry | undefined {
  const [, jobId, sha256] = /^(.+)\.([0-9a-f]{64})$/.exec(name) ?? [];
  return jobId === undefined || sha256 === undefined ? undefined : { jobId: decodeURIComponent(jobId), sha256 };
}
