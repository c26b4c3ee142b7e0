import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../json.ts';
import { conversionKey, conversionKeyInput, firstUnsupportedPass, planConversion } from './conversion-plan.ts';
import { overrideTask } from './override-task.ts';
import { catalogueText, minimalDocument, parse, sha256 } from './recipe.cases.ts';
import type { JsonObject, Recipe } from './recipe.ts';
import { setParameter } from './set-parameter.ts';

const facts = { sourceDigest: 'a'.repeat(64), ortVersion: '1.30.0', toolchainLock: null };
const key = (recipe: Recipe, changes = {}): string => conversionKey(conversionKeyInput(recipe, { ...facts, ...changes }), sha256);
const document = (label: string): JsonObject => JSON.parse(catalogueText(label));
const recipeOf = (label: string): Recipe => parse(document(label)).recipe;

describe('planConversion', () => {
  it('cuts at the first target pass', () => {
    const { host, target } = planConversion(recipeOf('trtrtx'));
    expect(host.map(({ name }) => name)).toEqual(['conversion', 'fp16', 'fixed_shape', 'surgery']);
    expect(target.map(({ name }) => name)).toEqual(['session_tuning']);
  });

  it('keeps a host pass behind a target pass on the device', () => {
    const passes = { c: { type: 'OnnxConversion' }, t: { type: 'OrtSessionParamsTuning' }, f: { type: 'OnnxFloatToFloat16' } };
    expect(planConversion(parse(minimalDocument({ passes })).recipe).target.map(({ name }) => name)).toEqual(['t', 'f']);
  });

  it('finds the first pass that needs Olive', () => {
    expect(firstUnsupportedPass(recipeOf('trtrtx').passes)).toBeUndefined();
    const passes = { c: { type: 'OnnxConversion' }, s: { type: 'GraphSurgeries', surgeries: [{ surgeon: 'TieWordEmbeddings' }] } };
    expect(firstUnsupportedPass(parse(minimalDocument({ passes })).recipe.passes)).toMatchObject({
      type: 'GraphSurgeries',
      detail: ' (surgeon TieWordEmbeddings)',
    });
  });
});

describe('conversionKey', () => {
  const trt = document('trtrtx');

  it('does not depend on labels, folders, the evaluator or target passes', () => {
    const renamed = Object.fromEntries(
      Object.entries(JSON.parse(JSON.stringify(trt['passes']))).map(([name, pass]) => [`my_${name}`, pass]),
    );
    const { evaluator: _, ...rest } = trt;
    const changed = parse({ ...rest, passes: JSON.parse(JSON.stringify(renamed)), output_dir: 'elsewhere' }).recipe;
    expect(key(changed)).toBe(key(recipeOf('trtrtx')));
    expect(key(parse(setParameter(trt, 'session_tuning.io_bind=true')).recipe)).toBe(key(recipeOf('trtrtx')));
  });

  it('is the same for a default written out', () => {
    expect(key(parse(setParameter(trt, 'fp16.max_finite_val=10000')).recipe)).toBe(key(recipeOf('trtrtx')));
  });

  it.each<[string, (recipe: JsonObject) => Recipe, object]>([
    ['a parameter of a host pass', (d) => parse(setParameter(d, 'fp16.max_finite_val=65504')).recipe, {}],
    ['the task', (d) => parse(overrideTask(d, 'text-classification')).recipe, {}],
    ['the source', (d) => parse(d).recipe, { sourceDigest: 'b'.repeat(64) }],
    ['the ONNX Runtime version', (d) => parse(d).recipe, { ortVersion: '1.25.0' }],
    ['the toolchain', (d) => parse(d).recipe, { toolchainLock: 'olive-1' }],
  ])('depends on %s', (_, change, changes) => {
    expect(key(change(trt), changes)).not.toBe(key(recipeOf('trtrtx')));
  });

  it('names the accelerator only when a host pass depends on it', () => {
    expect(conversionKeyInput(recipeOf('trtrtx'), facts)['accelerator']).toBeNull();
    expect(conversionKeyInput(recipeOf('qdq_amd'), facts)['accelerator']).toBe('npu-vitisai');
  });

  it('holds the resolved data of a host pass, not its name', () => {
    const amd = document('qdq_amd');
    const text = JSON.stringify(amd);
    const renamed = parse(JSON.parse(text.replaceAll('quantization_data_config', 'other_name'))).recipe;
    const fewer = parse(JSON.parse(text.replaceAll('"max_samples":10', '"max_samples":9'))).recipe;
    expect(key(renamed)).toBe(key(recipeOf('qdq_amd')));
    expect(key(fewer)).not.toBe(key(recipeOf('qdq_amd')));
    expect(canonicalJson(conversionKeyInput(recipeOf('qdq_amd'), facts))).toContain('facebook/xnli');
  });

  describe('where Olive runs the passes', () => {
    const toolchainLock = `olive-${'a'.repeat(12)}`;
    const accelerator = (device: string, ep: string) => ({ type: 'LocalSystem', accelerators: [{ device, execution_providers: [ep] }] });
    const base: JsonObject = {
      systems: { s: accelerator('cpu', 'CPUExecutionProvider'), t: accelerator('npu', 'QNNExecutionProvider') },
      host: 's',
      target: 't',
      data_configs: [
        { name: 'read', type: 'DummyDataContainer', load_dataset_config: { max_samples: 4 }, post_process_data_config: { a: 1 } },
        { name: 'unread', type: 'DummyDataContainer' },
      ],
      passes: {
        c: { type: 'OnnxConversion', target_opset: 17 },
        p: { type: 'OnnxPeepholeOptimizer', nested: { train_data_config: 'read' } },
      },
    };
    const oliveKey = (changes: JsonObject): string => key(parse({ ...minimalDocument(base), ...changes }).recipe, { toolchainLock });
    const config = (changes: JsonObject) => [{ name: 'read', type: 'DummyDataContainer', ...changes }];

    it.each<[string, JsonObject]>([
      ['the accelerator', { target: 's' }],
      ["the host's accelerator", { host: 't' }],
      ['the data a nested member names', { data_configs: config({ load_dataset_config: { max_samples: 5 } }) }],
      ['post-processing of data', { data_configs: config({ load_dataset_config: { max_samples: 4 } }) }],
      [
        'the order of passes',
        {
          passes: {
            p: { type: 'OnnxPeepholeOptimizer', nested: { train_data_config: 'read' } },
            c: { type: 'OnnxConversion', target_opset: 17 },
          },
        },
      ],
      [
        'a parameter that Grove does not know',
        {
          passes: {
            c: { type: 'OnnxConversion', target_opset: 17, unknown: 1 },
            p: { type: 'OnnxPeepholeOptimizer', nested: { train_data_config: 'read' } },
          },
        },
      ],
    ])('depends on %s', (_what, changes) => {
      expect(oliveKey(changes)).not.toBe(oliveKey({}));
    });

    it('does not depend on data nobody reads, evaluators or folders', () => {
      const [read = null] = Array.isArray(base['data_configs']) ? base['data_configs'] : [];
      expect(oliveKey({ data_configs: [read], output_dir: 'x', evaluate_input_model: false })).toBe(oliveKey({}));
    });

    it('depends on the accelerator also where Grove knows every type', () => {
      const { recipe } = parse({ ...minimalDocument(base), passes: { c: { type: 'OnnxConversion' } } });
      expect(conversionKeyInput(recipe, { ...facts, toolchainLock })['accelerator']).toBe('npu-qnn');
      expect(conversionKeyInput(recipe, facts)['accelerator']).toBeNull();
    });
  });
});
