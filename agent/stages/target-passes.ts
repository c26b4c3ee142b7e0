import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cpu } from 'systeminformation';
import { GroveError } from '../../domain/errors.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { applyInferenceSettings } from '../../engine/benchmark/session-tuning.ts';
import { type MoveRequest, moveOutcomeSchema } from '../../engine/convert/move-device.ts';
import { runTargetPasses } from '../../engine/convert/run-target-passes.ts';
import type { CompilePlan } from '../../engine/passes/pass.ts';
import { isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { machineEp } from '../eps/ep-machine.ts';
import { EpPackages } from '../eps/package-store.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkFiles, BenchmarkSession } from './benchmark-values.ts';
import { assertSameCompiler, compileHere, compileOptions } from './compile.ts';

/** What decides the session a benchmark opens. */
export interface TargetPassFacts {
  readonly recipe: Recipe;
  readonly executedEp: string;
  readonly physicalCores: number;
  /** The provider as this machine has it. */
  readonly plain: SessionSpec;
  /** Options a measurement starts from. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** The session that the passes of the device ask for. */
export interface TargetSession {
  readonly session: SessionSpec;
  /** How its model is to be compiled first; null when it is not. */
  readonly compile: CompilePlan | null;
}

/**
 * Runs the passes that belong to the benchmarked device and returns the session they ask for. The last one that decides settings wins, as with Olive. A
 * substituted execution provider takes the session options, which are this machine's, but none of the other provider's own options. Options of the
 * machine win over the recipe's, and the recipe's over the defaults. Throws `unsupported-pass` for a graph pass behind a target pass, `ep-bound-artifact` when a model is
 * to be compiled for another provider than it runs on, `pass-failed` for an option of the recipe that names a path, and what a pass throws.
 */
export function targetSession({ recipe, executedEp, physicalCores, plain, defaults }: TargetPassFacts): TargetSession {
  const { ep } = recipe.target;
  const { inferenceSettings, compile } = runTargetPasses(planConversion(recipe).target, { ep, executedEp, physicalCores });
  if (compile !== null && executedEp !== ep) throw new GroveError('ep-bound-artifact', { ep, requested: executedEp });
  const decided = inferenceSettings === null ? plain : applyInferenceSettings(plain, inferenceSettings);
  const compiling = compile === null ? {} : compileOptions(compile, plain.ep);
  refusePaths({ ...compiling, ...decided.epOptions }, plain.epOptions);
  refusePaths({ ...decided.settings.config, ...compile?.sessionConfig }, plain.settings.config ?? {});
  return { session: { ...decided, epOptions: { ...defaults, ...compiling, ...decided.epOptions } }, compile };
}

/**
 * A recipe chooses how a provider works, never files of the machine: providers load libraries (QNN's `op_packages`, TensorRT's plug-ins) and write caches and profiles
 * where their options say. Throws `pass-failed`.
 */
function refusePaths(options: Readonly<Record<string, string>>, ofMachine: Readonly<Record<string, string>>): void {
  const [found] = Object.entries(options).find(([name, value]) => /[\\/]/.test(value) && ofMachine[name] !== value) ?? [];
  if (found === undefined) return;
  throw new GroveError('pass-failed', {
    type: 'session options',
    problem: `a recipe may not name a path of the machine, as its option ${found} does`,
  });
}

/** Physical cores of this machine, at least 1. */
export async function physicalCoresHere(): Promise<number> {
  // systeminformation answers 0 where the firmware does not say.
  return (await cpu()).physicalCores || availableParallelism();
}

/** What a session is opened for. */
export interface SessionSubject extends Pick<BenchmarkFiles, 'recipe' | 'modelFolder'> {
  readonly spec: Pick<BenchmarkFiles['spec'], 'executedEp' | 'substitution'>;
}

/** What it is opened with. */
export type SessionContext = Pick<TaskContext, 'config' | 'device' | 'folder' | 'inChild' | 'log'>;

type Sessions = Pick<BenchmarkSession, 'session' | 'plainSession' | 'compiled'>;

/**
 * The session of a benchmark on this machine; where the recipe's kind of device is substituted, the model's copy here is told. Throws `ep-unavailable`
 * for a provider nobody knows.
 */
export async function resolveSession<Subject extends SessionSubject>(value: Subject, context: SessionContext): Promise<Subject & Sessions> {
  const { device } = context;
  const { executedEp } = value.spec;
  const { plain, defaults } = await machineSession(executedEp, join(value.modelFolder, 'model.onnx'), context);
  if (value.spec.substitution?.kind === 'device') await moveToDevice(plain.modelPath, context);
  await assertSameCompiler(value.modelFolder, executedEp, device.profile);
  const { recipe } = value;
  const { session, compile } = targetSession({ recipe, executedEp, physicalCores: await physicalCoresHere(), plain, defaults });
  const plainSession = { ...plain, epOptions: { ...defaults, ...plain.epOptions } };
  if (compile === null) return { ...value, session, plainSession, compiled: null };
  return { ...value, plainSession, ...(await compileHere(session, compile, context)) };
}

/** A provider as this machine has it, without the options that a measurement starts from, and those. */
interface MachineSession {
  readonly plain: SessionSpec;
  readonly defaults: Readonly<Record<string, string>>;
}

async function machineSession(
  ep: string,
  modelPath: string,
  { config, device }: Pick<TaskContext, 'config' | 'device'>,
): Promise<MachineSession> {
  if (!isExecutionProvider(ep)) throw new GroveError('ep-unavailable', { ep, why: 'no such execution provider is known' });
  const { options, runtime, defaults } = machineEp(ep, config, await new EpPackages(config.dataFolder).list());
  const plain = { modelPath, ep, epOptions: { ...options }, settings: {}, deviceClass: device.profile.class, runtime };
  return { plain, defaults };
}

/** How this machine runs any model on a provider when it measures; the model is named later. Throws `ep-unavailable` for a provider nobody knows. */
export async function plainSessionOf(ep: string, context: Pick<TaskContext, 'config' | 'device'>): Promise<SessionSpec> {
  const { plain, defaults } = await machineSession(ep, 'none', context);
  return { ...plain, epOptions: { ...defaults, ...plain.epOptions } };
}

/** Longest that rewriting a node of one model may take. */
const MOVE_MS = 60_000;

/** Tells the compiled parts of a model which kind of device they run on now. In a process of its own: the file comes from outside. */
async function moveToDevice(modelPath: string, { device, inChild, log }: SessionContext): Promise<void> {
  const request: MoveRequest = { modelPath, deviceClass: device.profile.class };
  const { moved } = await inChild({ stage: 'move-device', request: asJson(request), result: moveOutcomeSchema, timeoutMs: MOVE_MS });
  if (moved > 0) log(`The model is told to run on ${device.profile.class} in this benchmark's copy.`);
}
