import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ENGINE_ORT_VERSION } from '../../domain/constants.ts';
import { exists, PARITY_FOLDER, PARITY_SOURCES, type Python, runProgram } from './environment.ts';
import { calibrationBatches, grovesRangesFile } from './same-ranges.ts';
import { oliveIntermediate, type Subject } from './subjects.ts';

const reportSchema = z.object({ version: z.string(), tensors: z.number(), equal: z.number(), largest: z.number() });

/** How the ranges of both calibrations compare when both run on one version of ONNX Runtime. */
export interface CalibrationResult extends z.infer<typeof reportSchema> {
  readonly subject: Subject;
}

/** Calibrates the prepared graph of each subject with the Python package of the version that Grove has, and compares with the ranges that Grove found. */
export async function compareCalibration(python: Python, subjects: readonly Subject[]): Promise<readonly CalibrationResult[]> {
  if (subjects.length === 0) return [];
  const packages = await packageOfSameVersion(python);
  const tasks: string[] = [];
  for (const subject of subjects) tasks.push(await writeTask(subject));
  const lines = await runProgram(python.file, [join(PARITY_SOURCES, 'compare_calibration.py'), ...tasks], { PYTHONPATH: packages });
  const reports = lines.filter((line) => line.startsWith('{"version"')).map((line) => reportSchema.parse(JSON.parse(line)));
  return subjects.map((subject, index) => {
    const report = reports[index];
    if (report?.version !== ENGINE_ORT_VERSION) throw new Error(`the calibrator ran on ONNX Runtime ${report?.version ?? 'unknown'}`);
    return { subject, ...report };
  });
}

/** A folder with that one package, to be found before the reference stack's own. */
async function packageOfSameVersion({ file }: Python): Promise<string> {
  const folder = join(PARITY_FOLDER, `onnxruntime-${ENGINE_ORT_VERSION}`);
  const marker = join(folder, 'complete');
  if (await exists(marker)) return folder;
  await runProgram(file, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, `onnxruntime==${ENGINE_ORT_VERSION}`]);
  await writeFile(marker, '');
  return folder;
}

async function writeTask(subject: Subject): Promise<string> {
  const batches = await calibrationBatches(subject);
  const task = {
    model: oliveIntermediate(subject, 'onnxquantizationpreprocess'),
    rows: batches.map((batch) => Object.fromEntries(Object.entries(batch).map(([name, { data }]) => [name, Array.from(data, Number)]))),
    ranges: JSON.parse(await readFile(grovesRangesFile(subject), 'utf8')),
  };
  const path = `${grovesRangesFile(subject)}.task`;
  await writeFile(path, JSON.stringify(task));
  return path;
}
