import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { datasetInfo, HubApiError, type ListFileEntry, listFiles, modelInfo, type RepoDesignation } from '@huggingface/hub';
import { GroveError } from '../../domain/errors.ts';
import { assertPortablePath } from '../../domain/manifest.ts';
import type { AgentConfig } from '../config.ts';
import { downloadHubFile, type HubAddress, type HubFile, type HubObserver, readHubRange } from './hub-download.ts';
import { connectToHub, type HubConnection } from './hub-fetch.ts';

/** Most entries read of one repository's listing. */
const MAX_ENTRIES = 10_000;

/** The few questions an agent asks of a hub, with the agent's own credentials. Errors are `model-access` with the hub's words, never its token. */
export class HubClient {
  readonly #connection: HubConnection;
  readonly #access: { readonly hubUrl: string; readonly accessToken?: string; readonly fetch: typeof fetch };

  constructor({ endpoint, token, proxy }: AgentConfig['hub']) {
    this.#connection = connectToHub(proxy);
    this.#access = { hubUrl: endpoint, fetch: this.#connection.fetch, ...(token !== null && { accessToken: token }) };
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
    return commitOf(info.sha, modelId);
  }

  /** The 40-hex commit a revision of a data set stands for now. Branches move: what is read after this is read at the commit. */
  async pinDataset(name: string, revision: string, signal: AbortSignal): Promise<string> {
    const question = () => unlessAborted(datasetInfo({ name, revision, additionalFields: ['sha'], ...this.#access }), signal);
    return commitOf((await this.#ask(name, question, signal)).sha, name);
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

  /** Brings one file to `path`, continuing what is there, and checks size and digest. Throws `model-access`, or the signal's reason. */
  async download(
    repo: RepoDesignation & object,
    file: HubFile,
    { revision, path, observer }: { readonly revision: string; readonly path: string; readonly observer: HubObserver },
  ): Promise<void> {
    assertPortablePath(file.path);
    await mkdir(dirname(path), { recursive: true });
    const address = this.#addressOf(repo, { path: file.path, revision });
    await this.#ask(repoName(repo), () => downloadHubFile(address, file, { path, observer }), observer.signal);
  }

  /** Bytes `from` (inclusive) to `to` (exclusive) of one file. They cannot be checked against its digest. Throws `model-access`, or the signal's reason. */
  async readRange(
    repo: RepoDesignation & object,
    file: { readonly path: string; readonly revision: string; readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<Buffer> {
    return await this.#ask(repoName(repo), () => readHubRange(this.#addressOf(repo, file), file, signal), signal);
  }

  /** Closes its connections; nothing may be asked afterwards. */
  close(): void {
    this.#connection.close().catch(() => {});
  }

  #addressOf(repo: RepoDesignation & object, { path, revision }: { readonly path: string; readonly revision: string }): HubAddress {
    const { hubUrl, accessToken, fetch } = this.#access;
    const kind = 'type' in repo && repo.type === 'dataset' ? 'datasets/' : '';
    const file = path.split('/').map(encodeURIComponent).join('/');
    return {
      id: repoName(repo),
      url: `${hubUrl}/${kind}${repoName(repo)}/resolve/${encodeURIComponent(revision)}/${file}`,
      headers: accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` },
      fetch,
    };
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

function commitOf(sha: string, id: string): string {
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new GroveError('model-access', { id, problem: 'the hub names no commit for it' });
  return sha;
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
  if (!(error instanceof Error)) return String(error);
  // "fetch failed" says nothing; what failed is in its cause.
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function repoName(repo: RepoDesignation & object): string {
  return 'name' in repo ? repo.name : String(repo);
}

function toHubFile({ type, path, size, oid, lfs }: ListFileEntry): HubFile | undefined {
  if (type !== 'file') return undefined;
  if (lfs !== undefined) return { path, sizeBytes: lfs.size, digest: { kind: 'sha256', hex: lfs.oid } };
  return oid === undefined ? undefined : { path, sizeBytes: size, digest: { kind: 'git-sha1', hex: oid } };
}
