import { readFile } from 'node:fs/promises';
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

/** A coordinator as it ships, `grove up --no-agent`, in its own process on free ports; its journal is synced to the disk of the checkout. */
export class CoordinatorProcess {
  readonly pid: number;
  readonly grpcAddress: string;
  readonly client: GroveClient;
  readonly #child: Child;

  private constructor(child: Child, farm: z.infer<typeof farmFileSchema>) {
    this.pid = child.pid;
    this.grpcAddress = farm.grpcAddress;
    this.client = createClient({ url: farm.url });
    this.#child = child;
  }

  /** @param profileFolder where the process leaves a CPU profile when it stops. */
  static async start(dataFolder: string, profileFolder: string | undefined): Promise<CoordinatorProcess> {
    const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
    const args = [...profiling, join(INSTALLATION_FOLDER, 'bin/grove.js'), 'up', '--no-agent', '--port', '0', '--agent-port', '0'];
    const child = startNode(args, { cwd: INSTALLATION_FOLDER, env: { GROVE_DATA: dataFolder } });
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

  async stop(): Promise<void> {
    await this.client.shutdown().catch(() => this.#child.kill());
    await this.#child.exited;
  }
}
