import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '../../platform/sha256.ts';

/** The commit every branch of the hub points at. */
export const COMMIT = 'c'.repeat(40);

interface Repository {
  readonly kind: 'model' | 'dataset';
  readonly name: string;
  /** Path -> content. `.safetensors` and `.parquet` are LFS files, as on the real hub. */
  readonly files: Readonly<Record<string, string | Buffer>>;
}

/** The endpoints of a hub that an agent uses, over HTTP on this machine. */
export class HubServer {
  readonly requests: string[] = [];
  readonly tokens = new Set<string>();
  /** Content served in place of a file's own: damage on the way. */
  readonly damaged = new Map<string, Buffer>();
  /** While true, requests are taken and never answered. */
  silent = false;
  /** Range headers of the file requests, in order; empty: the whole file was asked for. */
  readonly ranges: string[] = [];
  knowsRanges = true;
  /** A server that answers another range than it was asked for. */
  shiftsRangesBy = 0;
  /** Bytes of file content sent. */
  servedBytes = 0;
  /** The connection of the next file (with `breaksOffAlways`, of every file) is cut after so many bytes. */
  breakOffAfterBytes: number | undefined;
  breaksOffAlways = false;
  /** Origin that serves the files in this hub's place, as the real one sends readers of large files elsewhere. */
  redirectsFilesTo: string | undefined;
  readonly #repositories: readonly Repository[];
  readonly #server: Server;

  private constructor(repositories: readonly Repository[]) {
    this.#repositories = repositories;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(repositories: readonly Repository[]): Promise<HubServer> {
    const server = new HubServer(repositories);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? '').replace(/\?.*$/, ''));
    this.requests.push(path);
    this.tokens.add(request.headers.authorization ?? '');
    if (this.silent) return;
    for (const repository of this.#repositories) {
      const prefix = repository.kind === 'model' ? '' : 'datasets/';
      const api = `/api/${repository.kind}s/${repository.name}`;
      if (path.startsWith(`${api}/revision/`)) return void response.end(JSON.stringify({ _id: '1', id: repository.name, sha: COMMIT }));
      if (path.startsWith(`${api}/tree/`)) return void this.#list(response, { repository, below: path.slice(`${api}/tree/`.length) });
      const file = new RegExp(`^/${prefix}${repository.name}/resolve/(?:refs/convert/parquet|[^/]+)/(.+)$`).exec(path)?.[1];
      if (file !== undefined && repository.files[file] !== undefined)
        return void this.#serve(request, { response, path: file, content: repository.files[file] });
    }
    response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
  }

  #list(response: ServerResponse, { repository, below }: { readonly repository: Repository; readonly below: string }): void {
    const folder = below.replace(/^(?:refs\/convert\/parquet|[^/]+)\/?/, '');
    const entries = Object.entries(repository.files).filter(([path]) => path.startsWith(folder));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(entries.map(([path, content]) => entryOf(path, Buffer.from(content)))));
  }

  #serve(
    request: IncomingMessage,
    { response, path, content }: { readonly response: ServerResponse; readonly path: string; readonly content: string | Buffer },
  ): void {
    const asked = request.headers.range ?? '';
    this.ranges.push(asked);
    if (this.redirectsFilesTo !== undefined)
      return void response.writeHead(302, { location: `${this.redirectsFilesTo}${request.url}` }).end();
    const bytes = this.damaged.get(path) ?? Buffer.from(content);
    const range = this.knowsRanges ? /^bytes=(\d+)-(\d*)$/.exec(asked) : null;
    const from = Number(range?.[1] ?? 0) + (range === null ? 0 : this.shiftsRangesBy);
    const to = range?.[2] ? Number(range[2]) : bytes.byteLength - 1;
    const headers = { etag: '"tag"', 'content-range': `bytes ${from}-${to}/${bytes.byteLength}` };
    response.writeHead(range === null ? 200 : 206, headers);
    this.servedBytes += to + 1 - from;
    const cut = this.breakOffAfterBytes;
    if (cut === undefined) return void response.end(bytes.subarray(from, to + 1));
    if (!this.breaksOffAlways) this.breakOffAfterBytes = undefined;
    response.write(bytes.subarray(from, from + cut), () => response.destroy());
  }
}

function entryOf(path: string, bytes: Buffer) {
  const oid = createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');
  const plain = { type: 'file', path, size: bytes.byteLength, oid };
  return /\.(safetensors|parquet)$/.test(path)
    ? { ...plain, lfs: { oid: sha256(bytes), size: bytes.byteLength, pointerSize: 100 } }
    : plain;
}
