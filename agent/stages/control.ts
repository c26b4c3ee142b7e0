import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentId } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { ControlReport } from '../../domain/report.ts';
import {
  CONTROL_LAUNCHES,
  CONTROL_PLAN,
  type ControlRecord,
  controlModel,
  controlRecordSchema,
  controlReport,
  isControlDue,
  withRun,
} from '../../engine/benchmark/control.ts';
import { type LaunchRequest, launchResultSchema } from '../../engine/benchmark/run-launch.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { writeModelFile } from '../../engine/onnx/write.ts';
import { sha256 } from '../../platform/sha256.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkSession } from './benchmark-values.ts';
import { heavyNodesElsewhere } from './placement.ts';

/** Longest a launch of the control recipe may take: a provider that compiles for minutes does without one. */
const MAX_LAUNCH_MS = 120_000;
const INPUT_SEED = 1;

/**
 * What is known of the device's control recipe on the provider a benchmark runs on, measured first when it is due. The smoke tier, which has a minute, uses what
 * there is and measures none; emulators have none. A provider that hands a product to another has none either:
 * how the CPU scatters says nothing of it. Whatever else goes wrong leaves the record as it is; it never fails the task. Throws the signal's reason.
 */
export async function controlOf(value: BenchmarkSession, context: TaskContext): Promise<ControlReport | null> {
  if (context.device.profile.emulated) return null;
  const { plainSession } = value;
  return value.spec.tier === 'smoke' ? knownControl(plainSession, context) : await refreshControl(plainSession, context);
}

/** What the control recipe needs of an attempt, or of a machine that is idle. */
export type ControlContext = Pick<TaskContext, 'clock' | 'config' | 'device' | 'folder' | 'host' | 'inChild' | 'log' | 'signal'>;

async function knownControl({ ep }: SessionSpec, context: ControlContext): Promise<ControlReport | null> {
  return controlReport(await readRecord(recordPath(ep, context)), environmentId(context.device.profile, context.host, sha256));
}

/** The control recipe on a provider as this machine runs any model on it, measured first when it is due. Throws the signal's reason. */
export async function refreshControl(session: SessionSpec, context: ControlContext): Promise<ControlReport | null> {
  const environment = environmentId(context.device.profile, context.host, sha256);
  const path = recordPath(session.ep, context);
  const known = await readRecord(path);
  const at = context.clock.now();
  if (!isControlDue(known, { environmentId: environment, at })) return controlReport(known, environment);
  const launchMediansMs = await measureControl(session, context);
  if (launchMediansMs === null) return null;
  if (launchMediansMs === undefined) return controlReport(known, environment);
  const record = withRun(known, environment, { measuredAt: at, launchMediansMs });
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, JSON.stringify(record));
  return controlReport(record, environment);
}

function recordPath(ep: string, { config, device }: ControlContext): string {
  return join(config.dataFolder, 'control', `${device.name.replaceAll('/', '-')}-${ep}.json`);
}

/** A record that is damaged or of another version is measured anew. */
async function readRecord(path: string): Promise<ControlRecord | undefined> {
  try {
    return controlRecordSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Null: it did not run on the provider. Undefined: it did not run. */
async function measureControl(plain: SessionSpec, context: ControlContext): Promise<number[] | null | undefined> {
  const outputFolder = join(context.folder, 'control');
  await mkdir(outputFolder);
  const { modelPath } = await writeModelFile(controlModel(), join(outputFolder, 'model.onnx'));
  const session = { ...plain, modelPath };
  const inputs = { kind: 'generated', seed: INPUT_SEED, dims: {}, integerBelow: 1 } as const;
  const medians: number[] = [];
  try {
    const elsewhere = await heavyNodesElsewhere({ session, inputs, outputFolder }, context, MAX_LAUNCH_MS);
    if (elsewhere !== undefined) {
      context.log(
        `No control recipe on ${session.ep}: ${elsewhere.heavyNodesElsewhere} of its ${elsewhere.heavyNodes} products ran elsewhere.`,
      );
      return null;
    }
    for (let index = 0; index < CONTROL_LAUNCHES; index++) {
      const request: LaunchRequest = { index, session, inputs, plan: CONTROL_PLAN, oliveMetrics: [], outputFolder };
      const launch = { stage: 'launch', request: asJson(request), result: launchResultSchema, timeoutMs: MAX_LAUNCH_MS };
      medians.push((await context.inChild(launch)).report.p50Ms);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof GroveError)) throw error;
    context.log(`The control recipe was not measured: ${error.message}`);
    return undefined;
  }
  context.log(`Control recipe: p50 ${medians.map((ms) => ms.toFixed(3)).join(', ')} ms.`);
  return medians;
}
