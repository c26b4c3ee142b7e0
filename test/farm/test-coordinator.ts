import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uploadAnswerSchema } from '../../api/uploads.ts';
import { type CoordinatorSettings, loadCoordinatorConfig } from '../../coordinator/config.ts';
import { type Coordinator, startCoordinator } from '../../coordinator/main.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Matrix } from '../../domain/matrix.ts';
import { systemRandom } from '../../platform/random.ts';
import { sha256 } from '../../platform/sha256.ts';
import { createFastClock } from './fast-clock.ts';

/** Of its webhooks, when it has any. */
export const GROVE_WEBHOOK_SECRET = 'not-known-to-anybody';

/** A whole coordinator on free ports and a folder of its own. */
export class TestCoordinator {
  readonly folder: string;
  #running: Coordinator | undefined;
  readonly #factor: number;
  readonly #settings: CoordinatorSettings;

  private constructor(folder: string, { factor, settings }: { readonly factor: number; readonly settings: CoordinatorSettings }) {
    this.folder = folder;
    this.#factor = factor;
    this.#settings = settings;
  }

  /** @param factor how much faster than real its clock runs. */
  static async start(factor = 1, settings: CoordinatorSettings = {}): Promise<TestCoordinator> {
    const coordinator = new TestCoordinator(await mkdtemp(join(tmpdir(), 'grove-coordinator-')), { factor, settings });
    await coordinator.start();
    return coordinator;
  }

  async start(): Promise<void> {
    const given = { dataFolder: this.folder, restPort: 0, grpcPort: 0, logLevel: 'debug', ...this.#settings } as const;
    const config = await loadCoordinatorConfig(given, { GROVE_WEBHOOK_SECRET });
    this.#running = await startCoordinator(config, { clock: createFastClock(this.#factor), random: systemRandom });
  }

  async stop(): Promise<void> {
    await this.#running?.stop('test');
    this.#running = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  get running(): Coordinator {
    if (this.#running === undefined) throw new Error('the coordinator is not running');
    return this.#running;
  }

  get address(): string {
    return this.running.grpcAddress;
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.running.url}/api/v1${path}`);
    return { status: response.status, body: await response.json() };
  }

  async text(path: string): Promise<string> {
    return (await fetch(`${this.running.url}/api/v1${path}`)).text();
  }

  async post(path: string, body: unknown, key = systemRandom.id()): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const response = await fetch(`${this.running.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async matrix(): Promise<Matrix> {
    return (await this.get('/matrix?format=json')).body as Matrix;
  }

  /** Stores bytes as a submitter would. */
  async upload(text: string): Promise<Blob> {
    const blob = { sha256: sha256(text), sizeBytes: Buffer.byteLength(text) };
    const { body } = await this.post('/uploads', { files: { file: blob } });
    const { grants } = uploadAnswerSchema.parse(body);
    for (const { present, url } of grants) if (!present) await fetch(url, { method: 'PUT', body: text });
    return blob;
  }
}

/** Waits until `probe` answers something; asks again every few milliseconds. Fails with the test's own time limit. */
export async function eventually<T>(probe: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
