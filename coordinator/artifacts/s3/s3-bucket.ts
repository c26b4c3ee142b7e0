import type { Readable } from 'node:stream';
import { Client } from 'minio';
import type { GroveError } from '../../../domain/errors.ts';
import type { Clock, EpochMs } from '../../../domain/ports.ts';
import type { ByteRange } from '../artifact-store.ts';
import { Breaker } from './breaker.ts';
import { encodeS3, type S3Credentials } from './presign.ts';
import { isAbsent, isConditionFailed, isTransient, s3CodeOf, toStoreError } from './s3-errors.ts';
import type { S3Settings } from './s3-settings.ts';
import { S3Transport } from './transport.ts';

/** An object as a list or a HEAD shows it. */
export interface S3Object {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedAt: EpochMs;
}

/** A part of an unfinished upload. */
export interface S3Part {
  readonly number: number;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** What a copy must find. */
export interface CopySource {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
}

/** The largest object that S3 copies in one request, and the largest part. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** Rests before a call is made again that the server failed in passing. */
const RETRY_RESTS_MS: readonly number[] = [60, 240, 960];

/**
 * One prefix of one bucket. Keys given and answered are without the prefix. Every call is bounded in time, is made again when the server failed in
 * passing, and throws only `artifact-store-unavailable` and `artifact-store-refused`.
 */
export class S3Bucket {
  readonly #settings: S3Settings;
  readonly #client: Client;
  readonly #transport: S3Transport;
  readonly #breaker: Breaker;
  readonly #clock: Clock;

  private constructor(
    settings: S3Settings,
    client: Client,
    { transport, clock }: { readonly transport: S3Transport; readonly clock: Clock },
  ) {
    this.#settings = settings;
    this.#client = client;
    this.#transport = transport;
    this.#breaker = new Breaker(clock);
    this.#clock = clock;
  }

  /** Asks nothing of the server yet. Throws `invalid-config`. */
  static async connect(settings: S3Settings, credentials: S3Credentials, clock: Clock): Promise<S3Bucket> {
    const url = new URL(settings.endpoint);
    const secure = url.protocol === 'https:';
    const transport = await S3Transport.open(secure, settings.caFile, clock);
    const client = new Client({
      endPoint: url.hostname,
      ...(url.port !== '' && { port: Number(url.port) }),
      useSSL: secure,
      accessKey: credentials.accessKeyId,
      secretKey: credentials.secretAccessKey,
      region: settings.region,
      pathStyle: settings.pathStyle,
      transport,
      transportAgent: transport.agent,
      retryOptions: { disableRetry: true },
    });
    return new S3Bucket(settings, client, { transport, clock });
  }

  /** Why calls fail at once now; undefined when they do not. */
  get problem(): GroveError | undefined {
    return this.#breaker.problem;
  }

  close(): void {
    this.#transport.close();
  }

  /** Makes the bucket when it is missing and the settings say so. Lists rather than asks whether it exists: only that answer says what is wrong. */
  async ensure(): Promise<void> {
    const { bucket, createBucket, region } = this.#settings;
    await this.#call(`use bucket "${bucket}"`, async () => {
      try {
        await this.#client.listObjectsV2Query(bucket, this.#settings.prefix, '', '', 1, '');
      } catch (error) {
        if (!createBucket || s3CodeOf(error) !== 'NoSuchBucket') throw error;
        await this.#makeBucket(bucket, region);
      }
    });
  }

  /** Coordinators that start together make it together. */
  async #makeBucket(bucket: string, region: string): Promise<void> {
    try {
      await this.#client.makeBucket(bucket, region);
    } catch (error) {
      if (s3CodeOf(error) !== 'BucketAlreadyOwnedByYou') throw error;
    }
  }

  async head(key: string): Promise<S3Object | undefined> {
    return this.#call('look at an object', () =>
      absentAsUndefined(async () => {
        const { size, etag, lastModified } = await this.#client.statObject(this.#settings.bucket, this.#name(key));
        return { key, sizeBytes: size, etag, modifiedAt: lastModified.getTime() };
      }),
    );
  }

  /** Undefined when there is no such object. */
  async get(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const [offset, length] = range === undefined ? [0, 0] : [range.first, range.last - range.first + 1];
    return this.#call('read an object', () =>
      absentAsUndefined(() => this.#client.getPartialObject(this.#settings.bucket, this.#name(key), offset, length)),
    );
  }

  async put(key: string, bytes: Buffer, headers: Readonly<Record<string, string>>): Promise<void> {
    const request = { method: 'PUT', bucketName: this.#settings.bucket, objectName: this.#name(key), headers: { ...headers } };
    await this.#call('write an object', () => this.#client.makeRequestAsyncOmit(request, bytes));
  }

  /** Undefined when the source is gone or is another object than expected; large objects are copied in parts. */
  async copy(source: CopySource, key: string, maxCopyBytes = MAX_COPY_BYTES): Promise<'copied' | undefined> {
    return this.#call('copy an object', async () => {
      try {
        if (source.sizeBytes <= maxCopyBytes) await this.#copyWhole(source, key);
        else await this.#copyInParts(source, key, maxCopyBytes);
        return 'copied' as const;
      } catch (error) {
        if (isAbsent(error) || isConditionFailed(error)) return undefined;
        throw error;
      }
    });
  }

  async #copyWhole(source: CopySource, key: string): Promise<void> {
    const request = { method: 'PUT', bucketName: this.#settings.bucket, objectName: this.#name(key), headers: this.#copyHeaders(source) };
    await this.#client.makeRequestAsyncOmit(request);
  }

  async #copyInParts(source: CopySource, key: string, partBytes: number): Promise<void> {
    const { bucket: bucketName } = this.#settings;
    const objectName = this.#name(key);
    const uploadID = await this.#client.initiateNewMultipartUpload(bucketName, objectName, {});
    try {
      const etags: { part: number; etag: string }[] = [];
      for (let first = 0; first < source.sizeBytes; first += partBytes) {
        const last = Math.min(first + partBytes, source.sizeBytes) - 1;
        const headers = { ...this.#copyHeaders(source), 'x-amz-copy-source-range': `bytes=${first}-${last}` };
        const part = { bucketName, objectName, uploadID, partNumber: etags.length + 1, headers };
        const { etag } = await this.#client.uploadPart(part, '');
        etags.push({ part: part.partNumber, etag });
      }
      await this.#client.completeMultipartUpload(bucketName, objectName, uploadID, etags);
    } catch (error) {
      await this.#client.abortMultipartUpload(bucketName, objectName, uploadID).catch(() => {});
      throw error;
    }
  }

  #copyHeaders({ key, etag }: CopySource): Record<string, string> {
    const path = `${this.#settings.bucket}/${this.#name(key)}`;
    return { 'x-amz-copy-source': `/${path.split('/').map(encodeS3).join('/')}`, 'x-amz-copy-source-if-match': `"${etag}"` };
  }

  /** No error when there is no such object. */
  async remove(key: string): Promise<void> {
    await this.#call('remove an object', () => absentAsUndefined(() => this.#client.removeObject(this.#settings.bucket, this.#name(key))));
  }

  /** Objects in the order of their keys, a page at a time. */
  async *list(keyPrefix: string): AsyncGenerator<S3Object> {
    const { bucket, prefix } = this.#settings;
    for (let token = ''; ; ) {
      const page = await this.#call('list objects', () =>
        this.#client.listObjectsV2Query(bucket, prefix + keyPrefix, token, '', 1_000, ''),
      );
      for (const { name, size, etag, lastModified } of page.objects) {
        if (name === undefined || lastModified === undefined) continue;
        yield { key: name.slice(prefix.length), sizeBytes: Number(size), etag: etag ?? '', modifiedAt: lastModified.getTime() };
      }
      if (!page.isTruncated) return;
      token = page.nextContinuationToken;
    }
  }

  /** The newest unfinished upload of a key. */
  async findUpload(key: string): Promise<string | undefined> {
    return this.#call('look for an upload', () => this.#client.findUploadId(this.#settings.bucket, this.#name(key)));
  }

  async startUpload(key: string): Promise<string> {
    return this.#call('begin an upload', () => this.#client.initiateNewMultipartUpload(this.#settings.bucket, this.#name(key), {}));
  }

  /** Undefined when the upload is finished or was dropped. */
  async parts(key: string, uploadId: string): Promise<readonly S3Part[] | undefined> {
    return this.#call('list the parts of an upload', () =>
      absentAsUndefined(async () => {
        // The client types this method as its own affair, and offers no other way to the parts.
        const parts = await this.#client['listParts'](this.#settings.bucket, this.#name(key), uploadId);
        return parts.map(({ part, size, etag }) => ({ number: part, sizeBytes: size, etag }));
      }),
    );
  }

  /** Undefined when the upload is finished or was dropped. */
  async finishUpload(key: string, uploadId: string, parts: readonly S3Part[]): Promise<'finished' | undefined> {
    const etags = parts.map(({ number, etag }) => ({ part: number, etag }));
    return this.#call('finish an upload', () =>
      absentAsUndefined(async () => {
        await this.#client.completeMultipartUpload(this.#settings.bucket, this.#name(key), uploadId, etags);
        return 'finished' as const;
      }),
    );
  }

  async dropUpload(key: string, uploadId: string): Promise<void> {
    await this.#call('drop an upload', () =>
      absentAsUndefined(() => this.#client.abortMultipartUpload(this.#settings.bucket, this.#name(key), uploadId)),
    );
  }

  /** Sends bytes to a signed URL, as an agent would, and answers the status. */
  async send(url: string, headers: Readonly<Record<string, string>>, bytes: Buffer): Promise<number> {
    return this.#call('try a signed URL', () => this.#transport.send(url, headers, bytes));
  }

  /** The address of an object on a given endpoint, without a query. */
  address(key: string, endpoint: string): URL {
    const url = new URL(endpoint);
    const { bucket, pathStyle } = this.#settings;
    if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
    const segments = [...(pathStyle ? [bucket] : []), ...this.#name(key).split('/')];
    url.pathname = `/${segments.map(encodeS3).join('/')}`;
    return url;
  }

  #name(key: string): string {
    return this.#settings.prefix + key;
  }

  async #call<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.#breaker.run(async () => {
      try {
        return await this.#retrying(work);
      } catch (error) {
        throw toStoreError(error, doing, this.#transport.aheadSeconds);
      }
    });
  }

  /** Every call here may be made twice: keys follow from what lies under them, and an upload begun twice is swept. */
  async #retrying<T>(work: () => Promise<T>): Promise<T> {
    for (const restMs of RETRY_RESTS_MS) {
      try {
        return await work();
      } catch (error) {
        if (!isTransient(error)) throw error;
        await new Promise<void>((resolve) => void this.#clock.after(restMs, resolve));
      }
    }
    return work();
  }
}

async function absentAsUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
