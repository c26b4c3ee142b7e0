import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Credentials } from '../../coordinator/artifacts/s3/presign.ts';
import type { S3Settings } from '../../coordinator/artifacts/s3/s3-settings.ts';

/** The servers that tests start themselves. */
export const S3_KINDS = ['versitygw', 'minio'] as const;
type S3Kind = (typeof S3_KINDS)[number];

/** `http://HOST:PORT/BUCKET` of a server that runs already; its keys are in `GROVE_S3_ACCESS_KEY_ID` and `GROVE_S3_SECRET_ACCESS_KEY`. */
const GIVEN = process.env['GROVE_TEST_S3_URL'] ?? '';

/** What tests run on that only use a server: the given one, else one of each kind. */
export const S3_TARGETS: readonly (S3Kind | 'given')[] = GIVEN === '' ? S3_KINDS : ['given'];

export const S3_CREDENTIALS = { accessKeyId: 'grove-test', secretAccessKey: 'grove-test-secret' } as const;

/** A server that a test may use. */
export interface S3Target {
  readonly credentials: S3Credentials;
  /** Settings of a bucket, or a prefix of one, that nobody else uses. */
  settings(change?: Partial<S3Settings>): S3Settings;
  stop(): Promise<void>;
}

/** Starts a server of this kind, or uses the given one. */
export async function openS3(target: S3Kind | 'given'): Promise<S3Target> {
  if (target !== 'given') return S3Server.start(target);
  const { origin, pathname } = new URL(GIVEN);
  const credentials = {
    accessKeyId: process.env['GROVE_S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: process.env['GROVE_S3_SECRET_ACCESS_KEY'] ?? '',
  };
  const settings = (change: Partial<S3Settings> = {}): S3Settings => ({
    ...plainSettings(origin),
    bucket: pathname.slice(1),
    ...change,
    prefix: `grove-test-${randomBytes(6).toString('hex')}/${change.prefix ?? ''}`,
  });
  return { credentials, settings, stop: async () => {} };
}

function plainSettings(endpoint: string): Omit<S3Settings, 'bucket'> {
  return { endpoint, publicEndpoint: endpoint, region: 'us-east-1', prefix: '', pathStyle: true, createBucket: true, caFile: null };
}

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Certificate and key, as PEM files. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A real S3 server with a folder of its own, on a free port of this machine. The binary is on PATH or named by `GROVE_TEST_VERSITYGW`, `GROVE_TEST_MINIO`. */
export class S3Server implements S3Target {
  readonly credentials = S3_CREDENTIALS;
  readonly kind: S3Kind;
  readonly #folder: string;
  readonly #port: number;
  readonly #tls: TlsFiles | undefined;
  #child: ChildProcess | undefined;
  #said = '';

  private constructor(
    kind: S3Kind,
    { folder, port, tls }: { readonly folder: string; readonly port: number; readonly tls: TlsFiles | undefined },
  ) {
    this.kind = kind;
    this.#folder = folder;
    this.#port = port;
    this.#tls = tls;
  }

  static async start(kind: S3Kind, tls?: TlsFiles): Promise<S3Server> {
    const folder = await mkdtemp(join(tmpdir(), `grove-${kind}-`));
    const server = new S3Server(kind, { folder, port: await freePort(), tls });
    await server.start();
    return server;
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Starts it again after {@link kill}, with what it had stored. */
  async start(): Promise<void> {
    const { file, args, env } = this.#command();
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    living.add(child);
    child.once('exit', () => living.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new Error(`${file} cannot be started: ${error.message}; CONTRIBUTING.md says how to install it`)),
      );
      child.once('exit', () => reject(new Error(`${file} ended: ${this.#said}`)));
    });
    failed.catch(() => {});
    await Promise.race([this.#untilItAnswers(), failed]);
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Settings of a bucket nobody else uses; it does not exist yet. */
  settings(change: Partial<S3Settings> = {}): S3Settings {
    return { ...plainSettings(this.url), bucket: `grove-${randomBytes(6).toString('hex')}`, ...change };
  }

  #command(): Command {
    const address = `127.0.0.1:${this.#port}`;
    const { accessKeyId, secretAccessKey } = S3_CREDENTIALS;
    if (this.kind === 'minio') {
      return {
        file: process.env['GROVE_TEST_MINIO'] ?? 'minio',
        args: ['server', '--quiet', '--address', address, this.#folder],
        env: { MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' },
      };
    }
    const tls = this.#tls === undefined ? [] : ['--cert', this.#tls.certFile, '--key', this.#tls.keyFile];
    return {
      file: process.env['GROVE_TEST_VERSITYGW'] ?? 'versitygw',
      args: ['--quiet', '--port', address, ...tls, 'posix', this.#folder],
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    };
  }

  async #untilItAnswers(): Promise<void> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
      if (await answers(this.#port)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${this.kind} does not answer: ${this.#said}`);
  }
}

/** Any answer to a request without a signature will do, but for "not ready yet". */
async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    await response.arrayBuffer();
    return response.status !== 503;
  } catch (error) {
    // A server with TLS closes the connection: it listens.
    return error instanceof Error && error.cause instanceof Error && !('code' in error.cause && error.cause.code === 'ECONNREFUSED');
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
