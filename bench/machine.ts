import { createHash, randomBytes } from 'node:crypto';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemFiles } from '../platform/files.ts';
import { median } from './statistics.ts';

/** What the figures were measured on; printed with every run. */
export interface Machine {
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  /** Load average of the last minute before the first bench: near 0 on a quiet machine, at least 1 per busy core otherwise. */
  readonly loadBefore: number;
  /** Median milliseconds of appending 1 kB to a file in the benches' folder and syncing it. */
  readonly syncMs: number;
  /** Median milliseconds of hashing 16 MiB with SHA-256: tells runs under load from quiet ones. */
  readonly hashMs: number;
}

const REPEATS = 21;

export async function describeMachine(folder: string): Promise<Machine> {
  const [cpu] = cpus();
  return {
    node: process.version,
    system: `${process.platform} ${release()} ${process.arch}`,
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg()[0] ?? 0,
    syncMs: rounded(await medianSyncMs(folder)),
    hashMs: rounded(medianHashMs()),
  };
}

async function medianSyncMs(folder: string): Promise<number> {
  const path = join(folder, 'sync-probe');
  const file = await systemFiles.openAppend(path, 0);
  const samples: number[] = [];
  for (let index = 0; index < REPEATS; index++) {
    const start = performance.now();
    await file.append(randomBytes(1_024));
    await file.sync();
    samples.push(performance.now() - start);
  }
  await file.close();
  await systemFiles.remove(path);
  return median(samples);
}

function medianHashMs(): number {
  const bytes = Buffer.alloc(16 * 2 ** 20);
  const samples = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    createHash('sha256').update(bytes).digest();
    return performance.now() - start;
  });
  return median(samples);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
