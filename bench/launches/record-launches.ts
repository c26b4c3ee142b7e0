import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { matMulStack } from '../../engine/benchmark/control-model.ts';
import { writeModelFile } from '../../engine/onnx/write.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import type { RecordedLaunches } from './recorded-launches.ts';

/**
 * Records launches of one and the same model (A/A: nothing changes between them) for the statistics of docs/measurement.md.
 *
 *   npm run statistics:record
 */

const LAUNCHES = 64;

/** About 0.2, 5 and 50 ms on one thread of a machine of 2024. */
const MODELS = [
  { name: 'short', depth: 2, rows: 64, width: 256 },
  { name: 'middle', depth: 8, rows: 128, width: 512 },
  { name: 'long', depth: 80, rows: 128, width: 512 },
] as const;

function medians(modelPath: string): number[] {
  const command = [join(INSTALLATION_FOLDER, 'bin', 'grove.js'), 'bench', modelPath, '--launches', String(LAUNCHES), '-o', 'json'];
  const printed = execFileSync(process.execPath, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const { launches }: { launches: { p50Ms: number }[] } = JSON.parse(printed);
  return launches.map(({ p50Ms }) => Number(p50Ms.toPrecision(6)));
}

const folder = await mkdtemp(join(tmpdir(), 'grove-launches-'));
const recorded: RecordedLaunches[] = [];
for (const { name, ...size } of MODELS) {
  const { modelPath } = await writeModelFile(matMulStack(size), join(folder, `${name}.onnx`));
  const [loadBefore = 0] = loadavg();
  const launchMediansMs = medians(modelPath);
  const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? 'unknown'}, ${process.platform}, Node ${process.version}`;
  const load = Number((((loadavg()[0] ?? 0) + loadBefore) / 2).toFixed(1));
  recorded.push({ model: name, machine, recordedOn: new Date().toISOString().slice(0, 10), load, launchMediansMs });
  console.log(`${name}: ${launchMediansMs.length} launches, load ${load}`);
}
await rm(folder, { recursive: true });
const [out = join(import.meta.dirname, 'fixtures', 'launches.json')] = process.argv.slice(2);
await writeFile(out, `${JSON.stringify(recorded, null, 1)}\n`);
