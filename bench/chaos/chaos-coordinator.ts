import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { Child } from '../../domain/ports.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { allLines, startNode } from '../processes/start-process.ts';

const farmFileSchema = z.object({ url: z.string(), grpcAddress: z.string() });
const START_MS = 60_000;
const POLL_MS = 50;

/** A coordinator process as it ships, on a farm that others share; it comes back on the same ports. */
export class ChaosCoordinator {
  readonly name: string;
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: Child | undefined;
  #addresses = { url: '', grpcAddress: '' };

  constructor(name: string, { folder, env }: { readonly folder: string; readonly env: Readonly<Record<string, string>> }) {
    this.name = name;
    this.folder = join(folder, name);
    this.#env = env;
  }

  get url(): string {
    return this.#addresses.url;
  }

  get grpcAddress(): string {
    return this.#addresses.grpcAddress;
  }

  get client(): GroveClient {
    return createClient({ url: this.url, retryDelayMs: 50 });
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    const farmFile = join(this.folder, 'farm.json');
    await rm(farmFile, { force: true });
    const ports = ['--port', portOf(this.url), '--agent-port', portOf(this.grpcAddress)];
    const args = [join(INSTALLATION_FOLDER, 'bin/grove.js'), 'up', '--no-agent', ...ports, '--log-level', 'info'];
    const child = startNode(args, { cwd: INSTALLATION_FOLDER, env: { ...this.#env, GROVE_DATA: this.folder } });
    this.#child = child;
    const output = Promise.all([allLines(child.stdout), allLines(child.stderr)]);
    let ended = false;
    void child.exited.then(() => {
      ended = true;
    });
    for (const giveUpMs = performance.now() + START_MS; performance.now() < giveUpMs; await setTimeout(POLL_MS)) {
      const text = await readFile(farmFile, 'utf8').catch(() => undefined);
      if (text !== undefined) {
        this.#addresses = farmFileSchema.parse(JSON.parse(text));
        return;
      }
      if (ended) throw new Error(`coordinator ${this.name} ended at once: ${(await output).flat().slice(-3).join(' | ')}`);
    }
    throw new Error(`coordinator ${this.name} does not start`);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child?.kill();
    await this.#child?.exited;
  }
}

function portOf(address: string): string {
  return /:(\d+)$/.exec(address)?.[1] ?? '0';
}
