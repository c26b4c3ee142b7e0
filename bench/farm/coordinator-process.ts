import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { Child } from '../../domain/ports.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { allLines, startNode } from '../processes/start-process.ts';

const farmFileSchema = z.object({ pid: z.int(), url: z.string(), grpcAddress: z.string() });
const START_MS = 30_000;
const POLL_MS = 20;

export interface CoordinatorOptions {
  /** Where the process leaves a CPU profile when it stops. */
  readonly profileFolder?: string | undefined;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Listens where this one did, which has ended. Default: free ports. */
  readonly like?: Pick<CoordinatorProcess, 'url' | 'grpcAddress'>;
}

/** A coordinator as it ships, `grove up --no-agent`, in its own process on free ports; without services in its environment its journal is synced to the disk of the checkout. */
export class CoordinatorProcess {
  readonly pid: number;
  readonly url: string;
  readonly grpcAddress: string;
  readonly client: GroveClient;
  readonly #child: Child;

  private constructor(child: Child, farm: z.infer<typeof farmFileSchema>) {
    this.pid = child.pid;
    this.url = farm.url;
    this.grpcAddress = farm.grpcAddress;
    this.client = createClient({ url: farm.url });
    this.#child = child;
  }

  static async start(dataFolder: string, { profileFolder, env, like }: CoordinatorOptions = {}): Promise<CoordinatorProcess> {
    const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
    const [port, agentPort] = like === undefined ? ['0', '0'] : [portOf(like.url), portOf(`grpc://${like.grpcAddress}`)];
    const args = [...profiling, join(INSTALLATION_FOLDER, 'bin/grove.js'), 'up', '--no-agent', '--port', port, '--agent-port', agentPort];
    // What a coordinator that was killed has left behind.
    await rm(join(dataFolder, 'farm.json'), { force: true });
    const child = startNode(args, { cwd: INSTALLATION_FOLDER, env: { ...env, GROVE_DATA: dataFolder } });
    const output = Promise.all([allLines(child.stdout), allLines(child.stderr)]);
    let ended = false;
    void child.exited.then(() => {
      ended = true;
    });
    const giveUpMs = performance.now() + START_MS;
    for (;;) {
      const text = await readFile(join(dataFolder, 'farm.json'), 'utf8').catch(() => undefined);
      if (text !== undefined) return new CoordinatorProcess(child, farmFileSchema.parse(JSON.parse(text)));
      if (ended) throw new Error(`the coordinator ended at once: ${(await output).flat().slice(-3).join(' | ')}`);
      if (performance.now() > giveUpMs) throw new Error('the coordinator does not start');
      await setTimeout(POLL_MS);
    }
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  async stop(): Promise<void> {
    await this.client.shutdown().catch(() => this.#child.kill());
    await this.#child.exited;
  }
}

function portOf(url: string): string {
  return new URL(url).port;
}
