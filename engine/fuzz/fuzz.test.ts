import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { isNativePassType, NATIVE_PASSES } from '../../domain/passes/registry.ts';
import { ModelProto } from '../../proto/gen/onnx.ts';
import type { Model } from '../graph/model.ts';
import { checkModel, findProblems } from '../onnx/check.ts';
import { plainModel } from '../onnx/models.cases.ts';
import { readModel, readModelFile } from '../onnx/read.ts';
import { encodeModel, writeModelFile } from '../onnx/write.ts';
import type { GraphPass, Pass, PassContext } from '../passes/pass.ts';
import { passContext, runtime } from '../passes/passes.cases.ts';
import { PASSES } from '../passes/registry.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { breach, feedsFor, judge, type Verdict } from './judge.cases.ts';
import { MUTATION_KINDS, type Mutation, mutateModel } from './mutate.cases.ts';
import { PASS_SAMPLES, type Sample } from './pass-samples.cases.ts';
import { SEEDS } from './seeds.cases.ts';

/** The same models every time; a failure shrinks to the fewest changes that show it. */
const SEED = 20_260;

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...MUTATION_KINDS),
  a: fc.nat(5),
  b: fc.nat(40),
  c: fc.nat(100),
});

const seedName = fc.constantFrom(...Object.keys(SEEDS));
const mutated = fc.record({ seed: seedName, mutations: fc.array(mutation, { maxLength: 3 }) });

function bytesOf({ seed, mutations }: { readonly seed: string; readonly mutations: readonly Mutation[] }): Uint8Array {
  return mutateModel(SEEDS[seed]?.() ?? new Uint8Array(), mutations);
}

/** The value, or the GroveError that stood in the way. Anything else thrown is a bug and passes through. */
async function attempt<T>(act: () => T | Promise<T>): Promise<T | GroveError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof GroveError) return error;
    throw error;
  }
}

interface Trial {
  readonly type: string;
  readonly sample: Sample;
}

const TRIALS: readonly Trial[] = Object.entries(PASS_SAMPLES).flatMap(([type, samples]) => samples.map((sample) => ({ type, sample })));

function graphPassOf(type: string): GraphPass | undefined {
  const pass: Pass | undefined = isNativePassType(type) ? PASSES[type] : undefined;
  return pass?.kind === 'graph' ? pass : undefined;
}

/** A context whose every data config has two batches for the model as it is. */
async function contextFor(model: Model): Promise<PassContext> {
  const batch = await attempt(() => batchFor(model));
  return {
    ...(await passContext()),
    modelAttributes: { architectures: ['Bert'], model_type: 'bert' },
    async *data() {
      if (batch instanceof GroveError) throw batch;
      yield batch;
      yield batch;
    },
  };
}

async function batchFor(model: Model): Promise<NamedTensors> {
  const settings = { quiet: true } as const;
  const session = await (await runtime()).createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider', settings });
  await session.close();
  const feeds = feedsFor(session.inputs);
  return Object.fromEntries(session.inputs.flatMap(({ name }, index) => (feeds?.[index] === undefined ? [] : [[name, feeds[index]]])));
}

/** What must hold of one pass on one model. Returns nothing; what does not hold is thrown. */
async function tryPass(bytes: Uint8Array, { type, sample }: Trial): Promise<void> {
  const pass = graphPassOf(type);
  const model = await attempt(() => readModel(bytes));
  if (pass === undefined || model instanceof GroveError) return;
  const isSound = (await attempt(() => findProblems(model).length === 0)) === true;
  const before: Verdict | undefined = isSound ? await judge(model, await runtime()) : undefined;
  const context = await contextFor(model);
  const params = pass.manifest.params.parse(sample.params);
  const result = await attempt(() => pass.run(model, params, context));
  if (result instanceof GroveError) {
    // A pass may refuse a model for what is in it, but not find it broken where it is not.
    if (before === undefined || before.refusal !== undefined || sample.promised === 'sound') return;
    const isCalibration = result.code === 'inference-failed' && before.outputs === undefined;
    if (!isCalibration) expect(result.code, result.message).toBe('pass-failed');
    return;
  }
  // The conversion refuses what a pass leaves broken that was broken before.
  if (before === undefined) return;
  checkModel(result.model, `the result of ${type}`);
  if (before.refusal !== undefined) return;
  if (sample.promised === 'sound') return;
  const after = await judge(result.model, await runtime());
  expect(after.refusal, 'ONNX Runtime accepted it before').toBeUndefined();
  if (before.outputs !== undefined) expect(breach(before.outputs, after.outputs, sample.promised)).toBeUndefined();
}

describe('mutated models', () => {
  it('has samples for every pass', () => {
    expect(Object.keys(PASS_SAMPLES).sort()).toEqual(Object.keys(NATIVE_PASSES).sort());
  });

  it.each(Object.entries(SEEDS))('%s, unchanged, is sound and runs', async (_, seed) => {
    const model = readModel(seed());
    expect(findProblems(model)).toEqual([]);
    const { refusal, outputs } = await judge(model, await runtime());
    expect([refusal, outputs?.length]).toEqual([undefined, model.graph.outputs.length]);
  });

  it('are read as they were written, or refused in words', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async (spec) => {
        const bytes = bytesOf(spec);
        const model = await attempt(() => readModel(bytes));
        if (model instanceof GroveError) return;
        await attempt(() => checkModel(model));
        const again = await attempt(() => encodeModel(model));
        if (!(again instanceof GroveError)) expect(plainModel(readModel(again))).toEqual(plainModel(model));
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  it('with bytes flipped, cut or inserted are read or refused in words', async () => {
    const spoil = fc.record({ at: fc.nat(4000), to: fc.nat(255), how: fc.constantFrom('set', 'cut', 'insert') });
    await fc.assert(
      fc.asyncProperty(seedName, fc.array(spoil, { minLength: 1, maxLength: 4 }), async (seed, changes) => {
        let bytes = Array.from(SEEDS[seed]?.() ?? []);
        for (const { at, to, how } of changes) {
          const place = at % Math.max(1, bytes.length);
          if (how === 'cut') bytes = bytes.slice(0, place);
          else bytes.splice(place, how === 'set' ? 1 : 0, to);
        }
        const model = await attempt(() => readModel(Uint8Array.from(bytes)));
        if (!(model instanceof GroveError)) await attempt(() => checkModel(model));
      }),
      { seed: SEED, numRuns: 600 },
    );
  });

  it('with external data that is spoilt are read or refused in words, and never leave their folder', async () => {
    const place = fc.record({
      location: fc.constantFrom('model.onnx.data', '../model.onnx.data', '/etc/hostname', 'link', 'sub', 'fifo', '', 'model.onnx', 'a\0b'),
      offset: fc.constantFrom('0', '64', '-1', '99999999999999999999', '4', 'x', ''),
      length: fc.constantFrom('16', '0', '-1', '64', '9007199254740993', 'x', ''),
    });
    const folder = await mkdtemp(join(tmpdir(), 'grove-fuzz-'));
    try {
      const path = join(folder, 'model.onnx');
      await writeModelFile(readModel(SEEDS['perceptron']?.() ?? new Uint8Array()), path, {
        saveAsExternalData: true,
        sizeThresholdBytes: 0,
      });
      await symlink('/etc/hostname', join(folder, 'link'));
      await mkdir(join(folder, 'sub'));
      const written = await readFile(path);
      await fc.assert(
        fc.asyncProperty(fc.nat(10), place, async (at, entries) => {
          const model = ModelProto.decode(written);
          const tensors = model.graph?.initializer ?? [];
          const tensor = tensors[at % tensors.length];
          if (tensor) tensor.externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
          await writeFile(path, ModelProto.encode(model).finish());
          const read = await attempt(() => readModelFile(path));
          if (!(read instanceof GroveError)) expect(entries.location).toMatch(/^model\.onnx(\.data)?$/);
        }),
        { seed: SEED, numRuns: 150 },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(TRIALS.map((trial) => [trial.type, JSON.stringify(trial.sample.params), trial] as const))(
    '%s %s refuses them in words or gives a model that holds',
    async (_type, _params, trial) => {
      await fc.assert(
        fc.asyncProperty(mutated, (spec) => tryPass(bytesOf(spec), trial)),
        { seed: SEED, numRuns: 30 },
      );
    },
  );
});
