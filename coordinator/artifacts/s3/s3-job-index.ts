import type { ArchivedJobEntry, JobIndex } from '../artifact-store.ts';
import { indexName, readIndexName } from '../index-names.ts';
import { JOBS } from './keys.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** Empty objects below one prefix: a listing reads none of them. */
export class S3JobIndex implements JobIndex {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  async add(entry: ArchivedJobEntry): Promise<void> {
    await this.#bucket.put(JOBS + indexName(entry), Buffer.alloc(0), {});
  }

  async *entries(jobId?: string): AsyncGenerator<ArchivedJobEntry> {
    const within = jobId === undefined ? JOBS : `${JOBS}${encodeURIComponent(jobId)}.`;
    for await (const { key } of this.#bucket.list(within)) {
      const entry = readIndexName(key.slice(JOBS.length));
      if (entry !== undefined) yield entry;
    }
  }

  async remove(entry: ArchivedJobEntry): Promise<void> {
    await this.#bucket.remove(JOBS + indexName(entry));
  }
}
