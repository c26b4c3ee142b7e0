import { type AgentConfig, loadAgentConfig } from '../../agent/config.ts';
import { asJson } from '../../agent/runner/as-json.ts';
import { inputsOf } from '../../agent/stages/inputs-of.ts';
import { readRecipe } from '../../agent/stages/read-recipe.ts';
import { resolveSession } from '../../agent/stages/target-passes.ts';
import { GroveError } from '../../domain/errors.ts';
import { deviceClassSchema, type Tier } from '../../domain/names.ts';
import type { Quality } from '../../domain/report.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { EMULATED_PLAN, TIERS } from '../../engine/benchmark/tiers.ts';
import { type QualityRequest, qualityResultSchema } from '../../engine/quality/run-quality.ts';
import { type LocalChildren, openLocalChildren } from '../bench/children.ts';
import { measureLaunches } from '../bench/measure-launches.ts';
import { readPublicKey } from '../bundle/bundle-key.ts';
import { openBundle } from '../bundle/run-verify.ts';
import type { VerifiedBundle } from '../bundle/verify-bundle.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { print } from '../output.ts';
import { type Evidence, type ReplayFiles, readEvidence, unpackEvidence } from './evidence.ts';
import { type DeviceFound, factsHere, findDevice, recordedFacts } from './facts-here.ts';
import { replayText } from './replay-text.ts';
import { compareQuality, differencesOf, exitCodeOfReplay, judgeReplay, type MeasuredNumber, type Replay } from './replay-verdict.ts';

/** `grove replay`'s options. */
export interface ReplayOptions extends OutputOptions {
  readonly key?: string;
  /** Folder of the model, for a bundle without. */
  readonly model?: string;
  /** Default: the recorded one. */
  readonly tier?: Tier;
  readonly launches?: number;
  readonly margin: number;
}

/** Errors that say that this machine cannot run a model, whatever is tried. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['ep-unavailable', 'ep-bound-artifact']);

/**
 * Measures what a bundle recorded again on this machine and compares. Throws `invalid-bundle` for one that is not intact, and what measuring throws; a machine
 * without the execution provider is an answer (`unsupported`), no error.
 */
export async function runReplay(file: string, options: ReplayOptions, context: CommandContext): Promise<void> {
  const bundle = await openBundle(file, options.key === undefined ? undefined : await readPublicKey(options.key));
  const evidence = await readEvidence(bundle);
  const { keyId } = bundle.signature ?? {};
  context.terminal.error(`intact, signed by ${keyId}${bundle.keyIsKnown ? ', the key you named' : '; give --key to know whose that is'}`);
  const children = await openLocalChildren(context);
  try {
    const replay = await replayHere({ bundle, evidence }, options, { context, children });
    print({ output: options.output, terminal: context.terminal }, replay, replayText);
    context.exit(exitCodeOfReplay(replay));
  } finally {
    await children.close();
  }
}

interface Subject {
  readonly bundle: VerifiedBundle;
  readonly evidence: Evidence;
}

interface Tools {
  readonly context: CommandContext;
  readonly children: LocalChildren;
}

async function replayHere({ bundle, evidence }: Subject, options: ReplayOptions, tools: Tools): Promise<Replay> {
  const { report } = evidence;
  const deviceClass = deviceClassSchema.safeParse(report.session['deviceClass']).data;
  const config = await loadAgentConfig({}, tools.context.env);
  const found = await findDevice({ ep: report.executedEp, deviceClass }, config, tools.context);
  if ('why' in found) return unsupported(evidence, found.why, undefined);
  const folder = await tools.children.makeFolder('evidence');
  const files = await unpackEvidence(bundle, evidence, { folder, modelFolder: options.model });
  try {
    return await measureAndCompare({ evidence, files, found, config }, options, tools);
  } catch (error) {
    if (error instanceof GroveError && UNSUPPORTED.has(error.code)) return unsupported(evidence, error.message, found);
    throw error;
  }
}

function unsupported(evidence: Evidence, why: string, found: DeviceFound | undefined): Replay {
  const here = factsHere(found, { ep: evidence.report.executedEp, launch: undefined });
  const { taskId } = evidence.result;
  return { schemaVersion: 1, state: 'unsupported', taskId, why, differences: differencesOf(recordedFacts(evidence), here) };
}

interface Scene {
  readonly evidence: Evidence;
  readonly files: ReplayFiles;
  readonly found: DeviceFound;
  readonly config: AgentConfig;
}

async function measureAndCompare(scene: Scene, options: ReplayOptions, { context, children }: Tools): Promise<Replay> {
  const { evidence, files, found, config } = scene;
  const { result, report } = evidence;
  const tell = (line: string) => context.terminal.error(line);
  const { device } = found;
  const { emulated } = device.profile;
  const subject = { spec: result.spec, recipe: recipeOf(evidence), modelFolder: files.modelFolder };
  const { session } = await resolveSession(subject, { config, device, folder: children.folder, inChild: children.run, log: tell });
  const tier = options.tier ?? report.tier;
  const launches = emulated ? 1 : (options.launches ?? result.spec.launches ?? undefined);
  const request = {
    ...{ session, inputs: inputsOf(files), tier },
    ...(launches !== undefined && { launches }),
    ...(emulated && { plan: EMULATED_PLAN }),
  };
  const measured = await measureLaunches(request, { children, tell });
  const [first] = measured.results;
  const here: MeasuredNumber = {
    ...{ tier, ep: report.executedEp, emulated, placement: measured.placement, inputShapes: first?.inputShapes ?? {} },
    p50Ms: measured.summary.p50Ms,
    launches: measured.results.map(({ report: launch }) => launch),
  };
  const recorded = recordedNumber(evidence);
  const { control } = report;
  return {
    schemaVersion: 1,
    state: 'replayed',
    taskId: result.taskId,
    recorded,
    here,
    ...judgeReplay(here, { ...recorded, ...(control !== undefined && { control }) }, options.margin),
    differences: differencesOf(recordedFacts(evidence), factsHere(found, { ep: report.executedEp, launch: first })),
    quality: compareQuality(report.quality, await qualityHere({ evidence, files, session }, children)),
  };
}

function recordedNumber({ report, environment }: Evidence): MeasuredNumber {
  const { tier, executedEp, placement, p50Ms, inputShapes, launches } = report;
  return { tier, ep: executedEp, emulated: environment.device?.profile.emulated ?? false, placement, p50Ms, inputShapes, launches };
}

function recipeOf({ result, recipeText }: Evidence) {
  return readRecipe({ ...result.spec.recipe, text: recipeText }, result.spec.task);
}

interface Compared {
  readonly evidence: Evidence;
  readonly files: ReplayFiles;
  readonly session: SessionSpec;
}

async function qualityHere({ evidence, files, session }: Compared, children: LocalChildren): Promise<Quality> {
  if (files.referenceFolder === null) return { state: 'not-measured', why: 'the bundle has no Reference' };
  const { tier, qualityBound } = evidence.result.spec;
  const { min, isDefault } = qualityBound;
  const timeoutMs = Math.max(TIERS[tier].budgetMs * 4, 600_000);
  const request: QualityRequest = {
    session,
    referenceFolder: files.referenceFolder,
    task: recipeOf(evidence).inputModel.task,
    bound: { min, isDefault },
    accuracy: [],
    maxMs: timeoutMs / 2,
  };
  return (await children.run({ stage: 'quality', request: asJson(request), result: qualityResultSchema, timeoutMs })).quality;
}
