import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { downloadFile, HubApiError, type ListFileEntry, listFiles, modelInfo, type RepoDesignation } from '@huggingface/hub';
import { GroveError } from '../../domain/errors.ts';
import { assertPortablePath } from '../../domain/manifest.ts';
import type { AgentConfig } from '../config.ts';

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
  onBytes(bytes: number): void;
}

/** Most entries read of one repository's listing. */
const MAX_ENTRIES = 10_000;

/** The few questions an agent asks of a hub, with the agent's own credentials. Errors are `model-access` with the hub's words, never its token. */
export class HubClient {
  readonly #access: { readonly hubUrl: string; readonly accessToken?: string };

  constructor({ endpoint, token }: AgentConfig['hub']) {
    this.#access = { hubUrl: endpoint, ...(token !== null && { accessToken: token }) };
  }

  /** The 40-hex commit a revision (branch, tag, commit; null is the default branch) stands for now. */
  async pinModel(modelId: string, revision: string | null, signal: AbortSignal): Promise<string> {
    const info = await this.#ask(
      modelId,
      () =>
        unlessAborted(
          modelInfo({ name: modelId, additionalFields: ['sha'], ...(revision !== null && { revision }), ...this.#access }),
          signal,
        ),
      signal,
    );
    if (!/^[0-9a-f]{40}$/.test(info.sha)) throw new GroveError('model-access', { id: modelId, problem: 'the hub names no commit for it' });
    return info.sha;
  }

  /** Files of a repository at a revision, below `folder` when given. */
  async list(
    repo: RepoDesignation & object,
    { revision, folder, signal }: { readonly revision: string; readonly folder?: string; readonly signal: AbortSignal },
  ): Promise<readonly HubFile[]> {
    const id = repoName(repo);
    const question = async () => {
      const files: HubFile[] = [];
      // The client encodes revisions in every request but this one; refs such as refs/convert/parquet hold slashes.
      for await (const entry of listFiles({
        repo,
        revision,
        recursive: true,
        ...(folder !== undefined && { path: folder }),
        ...this.#access,
      })) {
        const file = toHubFile(entry);
        if (file !== undefined) files.push(file);
        if (signal.aborted || files.length > MAX_ENTRIES) break;
      }
      if (files.length > MAX_ENTRIES) throw new GroveError('model-access', { id, problem: `it has more than ${MAX_ENTRIES} files` });
      return files;
    };
    return await this.#ask(id, () => unlessAborted(question(), signal), signal);
  }

  /** Downloads one file below `folder` and checks size and digest. Returns its path. Throws `model-access`, or the signal's reason. */
  async download(
    repo: RepoDesignation & object,
    file: HubFile,
    { revision, folder, observer }: { readonly revision: string; readonly folder: string; readonly observer: HubObserver },
  ): Promise<string> {
    assertPortablePath(file.path);
    const target = join(folder, ...file.path.split('/'));
    await mkdir(dirname(target), { recursive: true });
    const id = repoName(repo);
    await this.#ask(
      id,
      async () => {
        if (file.sizeBytes === 0) return await writeFile(target, '');
        // The plain protocol: a mirror in a lab speaks it, the chunked one it may not.
        const answer = downloadFile({ repo, path: file.path, revision, xet: false, ...this.#access });
        const blob = await unlessAborted(answer, observer.signal);
        if (blob === null) throw new GroveError('model-access', { id, problem: `${file.path} is not there` });
        const check = new DigestCheck(file, observer);
        await pipeline(blob.stream(), check, createWriteStream(target), { signal: observer.signal });
        check.assertMatches(id);
      },
      observer.signal,
    );
    return target;
  }

  async #ask<T>(id: string, question: () => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof GroveError) throw error;
      throw new GroveError('model-access', { id, problem: problemOf(error) }, { cause: error });
    }
  }
}

/** Ends the wait for a hub that does not answer: its own client knows no signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function problemOf(error: unknown): string {
  if (error instanceof HubApiError)
    return error.statusCode === 401 || error.statusCode === 403
      ? `access is denied (HTTP ${error.statusCode})`
      : `HTTP ${error.statusCode} ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function repoName(repo: RepoDesignation & object): string {
  return 'name' in repo ? repo.name : String(repo);
}

function toHubFile({ type, path, size, oid, lfs }: ListFileEntry): HubFile | undefined {
  if (type !== 'file') return undefined;
  if (lfs !== undefined) return { path, sizeBytes: lfs.size, digest: { kind: 'sha256', hex: lfs.oid } };
  return oid === undefined ? undefined : { path, sizeBytes: size, digest: { kind: 'git-sha1', hex: oid } };
}

/** Hashes what passes through. */
class DigestCheck extends Transform {
  readonly #file: HubFile;
  readonly #observer: HubObserver;
  readonly #hash: Hash;
  #bytes = 0;

  constructor(file: HubFile, observer: HubObserver) {
    super();
    this.#file = file;
    this.#observer = observer;
    this.#hash = createHash(file.digest.kind === 'sha256' ? 'sha256' : 'sha1');
    if (file.digest.kind === 'git-sha1') this.#hash.update(`blob ${file.sizeBytes}\0`);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: Error | null, chunk: Buffer) => void): void {
    this.#bytes += chunk.byteLength;
    this.#hash.update(chunk);
    this.#observer.onBytes(this.#bytes);
    const tooMany = this.#bytes > this.#file.sizeBytes;
    done(tooMany ? new Error(`${this.#file.path} is larger than the hub says`) : null, chunk);
  }

  assertMatches(id: string): void {
    const { path, sizeBytes, digest } = this.#file;
    if (this.#bytes !== sizeBytes)
      throw new GroveError('model-access', { id, problem: `${path} has ${this.#bytes} bytes, the hub says ${sizeBytes}` });
    if (this.#hash.digest('hex') !== digest.hex)
      throw new GroveError('model-access', { id, problem: `${path} arrived damaged: its ${digest.kind} differs from the hub's` });
  }
}
