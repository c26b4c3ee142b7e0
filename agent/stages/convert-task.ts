import { join } from 'node:path';
import { profileDigest } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { FileMap } from '../../domain/manifest.ts';
import type { ConversionReport } from '../../domain/report.ts';
import type { ConvertResult } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';
import { Pipeline, type TaskContext } from '../runner/stage.ts';
import { filesBelow, uploadFiles } from '../transfer/upload.ts';
import { convert } from './convert.ts';
import type { ConvertReferenced, ConvertSource, ConvertStart, ConvertVerified } from './convert-values.ts';
import { fetchFolders } from './fetch.ts';
import { readRecipe } from './read-recipe.ts';
import { makeReferenceStage } from './reference.ts';
import { verifyFiles } from './verify.ts';

/** The stages of a conversion, in the order of `domain/task.ts` STAGES. */
export const CONVERT_TASK: Pipeline<ConvertStart, ConvertResult> = Pipeline.start<ConvertStart>()
  .stage('fetch', fetchSource)
  .stage('convert', convert)
  .stage('reference', makeReferenceStage)
  .stage('verify', verifyConversion)
  .stage('upload', uploadConversion);

async function fetchSource(start: ConvertStart, context: TaskContext): Promise<ConvertSource> {
  const recipe = readRecipe(start.spec.recipe, start.spec.task);
  const { files } = start.spec.source;
  await fetchFolders({ source: files }, context);
  const sourceFolder = join(context.folder, 'source');
  await verifyFiles(files, sourceFolder, context);
  return { ...start, recipe, sourceFolder };
}

/** The process has loaded the result in ONNX Runtime; here is checked what a benchmark relies on, and what a strict submit forbids. */
async function verifyConversion(value: ConvertReferenced): Promise<ConvertVerified> {
  const modelFiles = await filesBelow(value.modelFolder);
  if (modelFiles['model.onnx'] === undefined)
    throw new GroveError('pass-failed', { type: 'conversion', problem: 'it wrote no model.onnx' });
  const [finding] = value.outcome.findings;
  if (value.spec.strict && finding !== undefined) {
    throw new GroveError('lint', {
      count: value.outcome.findings.length,
      rule: finding.rule,
      path: finding.path,
      problem: finding.message,
    });
  }
  return { ...value, modelFiles, referenceFiles: value.reference === null ? {} : await filesBelow(value.reference.folder) };
}

async function uploadConversion(value: ConvertVerified, context: TaskContext): Promise<ConvertResult> {
  const prefixed = (prefix: string, files: ConvertVerified['modelFiles']) =>
    Object.entries(files).map(([name, path]) => [`${prefix}/${name}`, path] as const);
  const local = Object.fromEntries([...prefixed('model', value.modelFiles), ...prefixed('reference', value.referenceFiles)]);
  const totalBytes = Math.max(1, value.outcome.resultBytes);
  const uploaded = await uploadFiles(local, context, (bytes) => context.progress(Math.min(1, bytes / totalBytes)));
  return {
    kind: 'convert',
    artifact: { schemaVersion: 1, files: below('model', uploaded) },
    reference: value.reference === null ? null : { schemaVersion: 1, key: value.reference.key, files: below('reference', uploaded) },
    report: reportOf(value, context),
  };
}

/** The part of a manifest below a folder, with that folder taken off. */
function below(folder: string, files: FileMap): FileMap {
  const inside = Object.entries(files).filter(([path]) => path.startsWith(`${folder}/`));
  return Object.fromEntries(inside.map(([path, blob]) => [path.slice(folder.length + 1), blob]));
}

function reportOf({ outcome, durationMs }: ConvertVerified, { agentVersion, config, device }: TaskContext): ConversionReport {
  return {
    schemaVersion: 2,
    engineVersion: agentVersion,
    durationMs,
    ...outcome,
    producer: { agentId: config.name, profileDigest: profileDigest(device.profile, sha256) },
  };
}
