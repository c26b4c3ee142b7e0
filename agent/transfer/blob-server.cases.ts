import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GroveError } from '../../domain/errors.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Grant } from '../../domain/protocol.ts';
import { sha256 } from '../../platform/sha256.ts';

/** A blob store over HTTP in memory, with the faults a test asks for. */
export class BlobServer {
  readonly blobs = new Map<string, Buffer>();
  /** `GET 0-`, `GET 500-`, `PUT`: what was asked, in order. */
  readonly requests: string[] = [];
  /** Answers this many requests by breaking the connection half way. */
  breakNext = 0;
  /** Breaks a download when {@link breakNow} is called, not at once: what was sent is then surely with the client. */
  breaksWhenTold = false;
  /** Breaks the download that waits to be broken, if one does. */
  breakNow = () => {};
  /** Whether it continues a download where the client asks. */
  supportsRange = true;
  /** When set, uploads go in parts of this size, two an answer, and are proven when asked about again. */
  partBytes: number | undefined;
  /** What the next arriving part becomes, once. */
  changeNextPart = false;
  readonly #parts = new Map<string, Map<number, Buffer>>();
  /** Status for every request, when set. */
  refuseWith: number | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<BlobServer> {
    const server = new BlobServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  add(text: string | Buffer): Blob {
    const bytes = Buffer.from(text);
    this.blobs.set(sha256(bytes), bytes);
    return { sha256: sha256(bytes), sizeBytes: bytes.byteLength };
  }

  /** The grants a coordinator would give. */
  grants(direction: 'put' | 'get', blobs: readonly Blob[]): readonly Grant[] {
    return blobs.map((blob) => {
      const { sha256: digest } = blob;
      if (direction === 'put' && this.partBytes !== undefined) return this.#grantParts(blob, this.partBytes);
      const present = direction === 'put' && this.blobs.has(digest);
      return { sha256: digest, present, url: present ? '' : `${this.url}/${digest}`, headers: {}, parts: [], confirm: false };
    });
  }

  #grantParts({ sha256: digest, sizeBytes }: Blob, partBytes: number): Grant {
    const arrived = this.#parts.get(digest) ?? new Map<number, Buffer>();
    this.#parts.set(digest, arrived);
    const starts = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => index * partBytes);
    const missing = starts.filter((firstByte) => !arrived.has(firstByte));
    if (missing.length === 0 && !this.blobs.has(digest))
      this.#prove(digest, Buffer.concat(starts.map((start) => arrived.get(start) ?? Buffer.alloc(0))));
    const parts = missing.slice(0, 2).map((firstByte) => ({
      firstByte,
      sizeBytes: Math.min(partBytes, sizeBytes - firstByte),
      url: `${this.url}/${digest}?first=${firstByte}`,
      headers: {},
    }));
    return { sha256: digest, present: missing.length === 0, url: '', headers: {}, parts, confirm: missing.length > 0 };
  }

  #prove(digest: string, bytes: Buffer): void {
    this.#parts.delete(digest);
    if (sha256(bytes) !== digest) throw new GroveError('digest-mismatch', { what: 'The blob', actual: sha256(bytes), expected: digest });
    this.blobs.set(digest, bytes);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [digest = '', first] = (request.url ?? '').slice(1).split('?first=');
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    this.requests.push(request.method === 'GET' ? `GET ${from}-` : (request.method ?? ''));
    if (this.refuseWith !== undefined) response.writeHead(this.refuseWith).end('refused on purpose');
    else if (request.method === 'PUT') await this.#receive(request, { response, digest, first });
    else this.#serve(response, { digest, from: this.supportsRange ? from : 0 });
  }

  async #receive(
    request: IncomingMessage,
    { response, digest, first }: { readonly response: ServerResponse; readonly digest: string; readonly first: string | undefined },
  ): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (this.#breaks()) return void request.socket.destroy();
    const bytes = Buffer.concat(chunks);
    if (first !== undefined) return this.#receivePart(bytes, { response, digest, firstByte: Number(first) });
    if (sha256(bytes) === digest) this.blobs.set(digest, bytes);
    response.writeHead(sha256(bytes) === digest ? 201 : 422).end();
  }

  #receivePart(
    bytes: Buffer,
    { response, digest, firstByte }: { readonly response: ServerResponse; readonly digest: string; readonly firstByte: number },
  ): void {
    if (this.changeNextPart) bytes.fill(0);
    this.changeNextPart = false;
    this.#parts.get(digest)?.set(firstByte, bytes);
    response.writeHead(200).end();
  }

  #serve(response: ServerResponse, { digest, from }: { readonly digest: string; readonly from: number }): void {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) return void response.writeHead(404).end();
    const rest = bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.byteLength });
    if (!this.#breaks()) return void response.end(rest);
    const half = rest.subarray(0, rest.byteLength / 2);
    this.breakNow = () => void response.destroy();
    response.write(half, () => this.breaksWhenTold || setImmediate(this.breakNow));
  }

  #breaks(): boolean {
    return this.breakNext-- > 0;
  }
}
