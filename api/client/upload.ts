import { GroveError } from '../../domain/errors.ts';
import type { FileMap, Blob as StoredBlob } from '../../domain/manifest.ts';
import type { Grant, GrantPart } from '../../domain/protocol.ts';
import { ROUTES } from '../routes.ts';
import { uploadAnswerSchema } from '../uploads.ts';
import { Backoff } from './backoff.ts';
import type { Http } from './http.ts';

/** A file to store. `open` is called for each part of a large one, and again for each retry. */
export interface UploadSource extends StoredBlob {
  /** Path in the manifest. */
  readonly path: string;
  open(range: UploadRange): AsyncIterable<Uint8Array>;
}

/** Bytes of a file that are sent together. */
export interface UploadRange {
  readonly firstByte: number;
  readonly sizeBytes: number;
}

/** How far an upload is. Bytes the farm had already count as sent. */
export interface UploadProgress {
  readonly path: string;
  readonly sentBytes: number;
  readonly totalBytes: number;
}

/** How to watch and stop an upload. */
export interface UploadOptions {
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly signal?: AbortSignal;
}

const ATTEMPTS = 4;
/** Questions for one blob: far more than the largest has parts. */
const MAX_ROUNDS = 2_000;
const PARALLEL = 4;

/**
 * Stores files and answers their manifest part: asks which digests are absent, then streams only those, a few at a time, each up to four times. Throws
 * `digest-mismatch` or `size-mismatch` when a file changed after it was hashed, `transfer-failed` when the retries are spent.
 */
export async function uploadFiles(http: Http, sources: readonly UploadSource[], options: UploadOptions): Promise<FileMap> {
  const files: FileMap = Object.fromEntries(sources.map(({ path, sha256, sizeBytes }) => [path, { sha256, sizeBytes }]));
  const byDigest = new Map(sources.map((source) => [source.sha256, source]));
  const { grants } = await http.json(ROUTES.createUploads, uploadAnswerSchema, { body: { files }, ...signalOf(options) });
  const meter = new Meter([...byDigest.values()], options.onProgress);
  const waiting = grants.flatMap((grant) => {
    const source = byDigest.get(grant.sha256);
    if (source !== undefined && grant.present) meter.set(source, source.sizeBytes);
    return source === undefined || grant.present ? [] : [{ grant, source }];
  });
  await inParallel(waiting, ({ grant, source }) => store(http, { grant, source, meter, options }));
  return files;
}

interface Transfer {
  readonly grant: Grant;
  readonly source: UploadSource;
  readonly meter: Meter;
  readonly options: UploadOptions;
}

/** Until the store has the blob: it may ask for a large one in several rounds, and prove it itself before it says so. */
async function store(http: Http, first: Transfer): Promise<void> {
  const { source, meter, options } = first;
  let grant: Grant | undefined = first.grant;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const stored = await withRetries(http, first, async () => {
      const given = grant ?? (await askAgain(http, source, options));
      grant = undefined;
      if (given.present) return true;
      await sendGranted(http, { ...first, grant: given });
      if (given.confirm && given.url === '' && given.parts.length === 0) await new Backoff(http.retryDelayMs * 2).wait(options.signal);
      return !given.confirm;
    });
    if (stored) return meter.set(source, source.sizeBytes);
  }
  throw new GroveError('transfer-failed', { what: source.path, problem: `the store did not confirm it after ${MAX_ROUNDS} rounds` });
}

async function askAgain(http: Http, { path, sha256, sizeBytes }: UploadSource, options: UploadOptions): Promise<Grant> {
  const body = { files: { [path]: { sha256, sizeBytes } } };
  const { grants } = await http.json(ROUTES.createUploads, uploadAnswerSchema, { body, ...signalOf(options) });
  const [grant] = grants;
  if (grant === undefined) throw new GroveError('unexpected-answer', { url: http.url, problem: `no grant for ${path}` });
  return grant;
}

async function withRetries<T>(http: Http, { source, options }: Transfer, work: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(http.retryDelayMs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      options.signal?.throwIfAborted();
      const again = error instanceof GroveError && (error.spec.retryable || error.code === 'not-running');
      if (!again) throw error;
      if (attempt >= ATTEMPTS) throw new GroveError('transfer-failed', { what: source.path, problem: error.message }, { cause: error });
      await backoff.wait(options.signal);
    }
  }
}

async function sendGranted(http: Http, transfer: Transfer): Promise<void> {
  const { grant, source } = transfer;
  if (grant.url !== '') await put(http, transfer, { ...grant, firstByte: 0, sizeBytes: source.sizeBytes });
  for (const part of grant.parts) await put(http, transfer, part);
}

async function put(http: Http, { source, meter, options }: Transfer, part: GrantPart): Promise<void> {
  let sentBytes = part.firstByte;
  async function* metered() {
    for await (const chunk of source.open(part)) {
      sentBytes += chunk.byteLength;
      meter.set(source, sentBytes);
      yield chunk;
    }
  }
  // Stores that sign the length (S3) refuse chunked bodies; Node's fetch honours this header, browsers set it themselves.
  const headers = { 'content-type': 'application/octet-stream', ...part.headers, 'content-length': String(part.sizeBytes) };
  const body = toReadableStream(metered());
  await http.put(part.url, { headers, body, duplex: 'half', ...signalOf(options) });
}

function toReadableStream(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

/** Adds up what has been sent over all files; a retried file begins at zero again. */
class Meter {
  readonly #sent = new Map<string, number>();
  readonly #totalBytes: number;
  readonly #report: ((progress: UploadProgress) => void) | undefined;

  constructor(sources: readonly UploadSource[], report: ((progress: UploadProgress) => void) | undefined) {
    this.#totalBytes = sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#report = report;
  }

  set({ path, sha256 }: UploadSource, sentBytes: number): void {
    this.#sent.set(sha256, sentBytes);
    const total = [...this.#sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#report?.({ path, sentBytes: total, totalBytes: this.#totalBytes });
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
}

function signalOf(options: UploadOptions): { readonly signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}
