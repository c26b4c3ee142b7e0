import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { GroveError } from '../../domain/errors.ts';

/** A file of a hub repository that can be checked after its download. */
export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** LFS files carry the SHA-256 of their content; the others the SHA-1 of git's blob, which hashes `blob <size>\0` before the content. */
  readonly digest: { readonly kind: 'sha256' | 'git-sha1'; readonly hex: string };
}

/** What a download may say and what stops it. */
export interface HubObserver {
  readonly signal: AbortSignal;
  /** Bytes of this file on this machine so far. */
  onBytes(bytes: number): void;
}

/** An answer that is no file. */
class HubAnswerError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(status === 401 || status === 403 ? `access is denied (HTTP ${status})` : `it answered HTTP ${status}`);
    this.status = status;
  }
}

/** One file's address and how to ask for it. */
export interface HubAddress {
  /** Name of the repository, for messages. */
  readonly id: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
}

/** Tries per file, each continuing where the last broke off. */
const MAX_TRIES = 3;

/**
 * Brings a file to `path`, continuing what an earlier try left there, and checks its size and digest. A file that is wrong is removed.
 * Throws `model-access` when it arrived damaged, the signal's reason, or what broke the last try.
 */
export async function downloadHubFile(
  address: HubAddress,
  file: HubFile,
  { path, observer }: { readonly path: string; readonly observer: HubObserver },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await receive(address, file, { path, observer });
      break;
    } catch (error) {
      observer.signal.throwIfAborted();
      if (attempt >= MAX_TRIES || !mayHelpToRepeat(error)) throw error;
    }
  }
  const actual = await digestOf(path, file);
  if (actual === file.digest.hex) return;
  await rm(path, { force: true });
  throw new GroveError('model-access', {
    id: address.id,
    problem: `${file.path} arrived damaged: its ${file.digest.kind} differs from the hub's`,
  });
}

/**
 * A range of a file, whole. Throws HubAnswerError, or an Error for a server that answers something else than the range: it would end up in the wrong
 * place, and nothing could tell.
 */
export async function readHubRange(
  address: HubAddress,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const response = await address.fetch(address.url, { headers: { ...address.headers, range: `bytes=${from}-${to - 1}` }, signal });
  if (response.status === 200)
    throw new Error('it answers whole files only, and its data sets are read in parts: give the rows with --data');
  if (response.status !== 206) throw new HubAnswerError(response.status);
  if (!response.headers.get('content-range')?.startsWith(`bytes ${from}-`))
    throw new Error(`it answered another part than bytes ${from} to ${to}`);
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of bodyOf(response)) {
    chunks.push(chunk);
    received += chunk.byteLength;
    if (received > to - from) break;
  }
  if (received !== to - from) throw new Error(`${received} bytes arrived of ${to - from}`);
  return Buffer.concat(chunks);
}

function mayHelpToRepeat(error: unknown): boolean {
  return !(error instanceof HubAnswerError) || error.status >= 500 || error.status === 408 || error.status === 416 || error.status === 429;
}

async function receive(
  { url, headers, fetch }: HubAddress,
  { path: name, sizeBytes }: HubFile,
  { path, observer }: { readonly path: string; readonly observer: HubObserver },
): Promise<void> {
  const begun = await sizeOf(path);
  if (begun === sizeBytes && begun > 0) return observer.onBytes(sizeBytes);
  const from = begun > sizeBytes ? 0 : begun;
  const response = await fetch(url, { headers: { ...headers, ...(from > 0 && { range: `bytes=${from}-` }) }, signal: observer.signal });
  if (response.status === 416) await rm(path, { force: true });
  if (response.status !== 200 && response.status !== 206) throw new HubAnswerError(response.status);
  if (response.status === 206 && !response.headers.get('content-range')?.startsWith(`bytes ${from}-`))
    throw new Error(`it did not continue ${name} at byte ${from}`);
  const continued = response.status === 206 ? from : 0;
  // Never for appending: such a file cannot be cut on Windows.
  const file = await open(path, continued > 0 ? 'r+' : 'w');
  try {
    await write(response, file, { name, from: continued, sizeBytes, observer });
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

interface Writing {
  readonly name: string;
  readonly from: number;
  readonly sizeBytes: number;
  readonly observer: HubObserver;
}

async function write(response: Response, file: FileHandle, { name, from, sizeBytes, observer }: Writing): Promise<void> {
  let total = from;
  for await (const chunk of bodyOf(response)) {
    if (total + chunk.byteLength > sizeBytes) throw new Error(`${name} is larger than the ${sizeBytes} bytes the hub says`);
    await file.write(chunk, 0, chunk.byteLength, total);
    total += chunk.byteLength;
    observer.onBytes(total);
  }
  if (total < sizeBytes) throw new Error(`${name} broke off after ${total} of ${sizeBytes} bytes`);
}

async function* bodyOf(response: Response): AsyncGenerator<Buffer> {
  if (response.body === null) return;
  for await (const chunk of response.body) yield Buffer.from(chunk);
}

async function digestOf(path: string, { sizeBytes, digest }: HubFile): Promise<string> {
  const hash = createHash(digest.kind === 'sha256' ? 'sha256' : 'sha1');
  if (digest.kind === 'git-sha1') hash.update(`blob ${sizeBytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
