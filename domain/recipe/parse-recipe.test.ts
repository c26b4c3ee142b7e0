import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../errors.ts';
import type { Json } from '../json.ts';
import { parseRecipe } from './parse-recipe.ts';
import { catalogueText, LABELS, minimalDocument, parse, sha256 } from './recipe.cases.ts';
import type { JsonObject } from './recipe.ts';

function thrownBy(run: () => unknown): GroveError {
  try {
    run();
  } catch (error) {
    if (error instanceof GroveError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Problems of a minimal recipe with changes, as `path: message`. */
function problemsOf(changes: JsonObject): readonly string[] {
  return thrownBy(() => parse(minimalDocument(changes))).problems.map(({ path, message }) => `${path}: ${message}`);
}

function system(accelerator: JsonObject, members: JsonObject = {}): JsonObject {
  return { systems: { s: { type: 'LocalSystem', accelerators: [accelerator], ...members } }, target: 's' };
}

function externalData(external_data_name: string): JsonObject {
  return { passes: { c: { type: 'OnnxConversion', save_as_external_data: true, external_data_name } } };
}

describe('the catalogue recipes', () => {
  it.each(LABELS)('%s parses without a warning', (label) => {
    const { recipe, warnings } = parseRecipe(catalogueText(label), { name: label, sha256 });
    expect(warnings).toEqual([]);
    expect(recipe.userScripts).toEqual([]);
    expect(recipe.evaluatesInputModel).toBe(false);
  });

  it('name the five targets', () => {
    const targets = LABELS.map((label) => parseRecipe(catalogueText(label), { name: label, sha256 }).recipe.target.accelerator);
    expect(targets).toEqual(['npu-vitisai', 'npu-qnn', 'npu-openvino', 'gpu-nvtensorrtrtx', 'gpu-dml']);
  });

  it('give a lower-case pass type its canonical spelling', () => {
    const { recipe } = parseRecipe(catalogueText('qdq_amd'), { name: 'amd', sha256 });
    expect(recipe.passes.map(({ type }) => type)).toEqual([
      'OnnxConversion',
      'OrtTransformersOptimization',
      'DynamicToFixedShape',
      'GraphSurgeries',
      'OnnxStaticQuantization',
      'VitisAIAddMetaData',
    ]);
  });

  it('resolve TensorRT-RTX natively with Olive defaults', () => {
    const { recipe } = parseRecipe(catalogueText('trtrtx'), { name: 'trt', sha256 });
    expect(recipe.passes.map(({ known, side }) => `${known} ${side}`)).toEqual([
      'native host',
      'native host',
      'native host',
      'native host',
      'native target',
    ]);
    expect(recipe.passes[1]?.params).toMatchObject({ min_positive_val: 1e-7, max_finite_val: 1e4, keep_io_types: false });
    expect(recipe.passes[3]?.params).toMatchObject({
      surgeries: [{ surgeon: 'ReplaceAttentionMaskValue', threshold: -3e30, replacement: -1e4 }],
      remove_duplicate_initializers: true,
    });
    expect(recipe.dataConfigs[0]).toMatchObject({
      source: { dataset: 'facebook/xnli', subset: 'en', split: 'validation' },
      tokenization: { columns: ['premise'], maxSamples: 10, padding: 'max_length', maxLength: 128, truncation: true },
    });
    expect(recipe.metrics.map(({ type, warmupCount, repeatCount }) => [type, warmupCount, repeatCount])).toEqual([
      ['latency', 10, 20],
      ['throughput', 10, 20],
    ]);
  });

  it('read the OpenVINO timing from the first sub-type', () => {
    const { recipe } = parseRecipe(catalogueText('context_ov_static'), { name: 'ov', sha256 });
    expect(recipe.metrics[0]).toMatchObject({ warmupCount: 20, repeatCount: 100 });
    expect(recipe.inputModel.task).toBe('fill-mask');
  });
});

describe('text that is not JSON', () => {
  it.each([
    ['{"a": }', 'line 1, column 7'],
    ['{\n  "a": 1,\n}', 'line 3, column 1'],
    ['{"a": 1', 'line 1, column 8'],
    ['{} x', 'line 1, column 4'],
    ['{"a": "b\nc"}', 'line 1, column 7'],
    ['', 'line 1, column 1'],
    ['{"a": NaN}', 'line 1, column 7'],
    ['[]', 'line 1, column 1'],
  ])('%j is refused at %s', (text, where) => {
    const error = thrownBy(() => parseRecipe(text, { name: 'x.json', sha256 }));
    expect(error.code).toBe('recipe-not-json');
    expect(error.message).toContain(where);
  });

  it('agrees with JSON.parse on any text', () => {
    const near = fc
      .json()
      .chain((text) => fc.record({ text: fc.constant(text), at: fc.nat(text.length), insert: fc.string({ maxLength: 2 }) }));
    fc.assert(
      fc.property(near, ({ text, at, insert }) => {
        const changed = `{"k": ${text.slice(0, at)}${insert}${text.slice(at)}}`;
        let valid = true;
        try {
          JSON.parse(changed);
        } catch {
          valid = false;
        }
        const error = thrownBy(() => parseRecipe(changed, { name: 'x', sha256 }));
        expect(error.code === 'recipe-not-json').toBe(!valid);
      }),
    );
  });

  it('refuses nesting deeper than 64 and text over a million characters', () => {
    const deep = `{"a": ${'['.repeat(70)}${']'.repeat(70)}}`;
    expect(thrownBy(() => parseRecipe(deep, { name: 'x', sha256 })).message).toContain('nested deeper');
    const long = JSON.stringify({ a: 'x'.repeat(1_000_000) });
    expect(thrownBy(() => parseRecipe(long, { name: 'x', sha256 })).code).toBe('too-large');
  });

  it('reads one long string and a byte order mark', () => {
    const text = JSON.stringify(minimalDocument({ output_dir: 'x'.repeat(900_000) }));
    expect(parseRecipe(`\uFEFF${text}`, { name: 'x', sha256 }).recipe.outputDir).toHaveLength(900_000);
  });
});

describe('the input model', () => {
  it('is known with its members, and a misspelt one is a warning', () => {
    const input_model = { type: 'hfmodel', model_path: 'm', task: 'fill-mask', config: { load_kwarg: {}, io_config: null } };
    const { recipe, warnings } = parse(minimalDocument({ input_model }));
    expect(recipe.inputModel).toEqual({ type: 'HfModel', modelPath: 'm', task: 'fill-mask', config: { load_kwarg: {}, io_config: null } });
    expect(warnings).toEqual([
      { path: '$.input_model.config.load_kwarg', message: 'HfModel has no member "load_kwarg"; perhaps "load_kwargs"' },
    ]);
  });

  it.each(['ONNXModel', 'OnnxModel', 'onnxmodel'])('may be an ONNX file (%s)', (type) => {
    const passes = { fix: { type: 'DynamicToFixedShape', dim_param: ['N'], dim_value: [1] } };
    const input_model = { type, model_path: 'net.onnx', onnx_file_name: 'net.onnx' };
    const { recipe, warnings } = parse(minimalDocument({ input_model, passes }));
    expect(recipe.inputModel).toMatchObject({ type: 'ONNXModel', config: { onnx_file_name: 'net.onnx' } });
    expect(warnings).toEqual([]);
  });

  it('needs no pass when it is an ONNX file: that is measured as it is', () => {
    expect(parse(minimalDocument({ input_model: { type: 'ONNXModel', model_path: 'net.onnx' }, passes: {} })).recipe.passes).toEqual([]);
  });
});

describe('pass parameters', () => {
  it('nested ones win over flat ones with a warning', () => {
    const { recipe, warnings } = parse(
      minimalDocument({ passes: { c: { type: 'OnnxConversion', target_opset: 17, config: { target_opset: 20 } } } }),
    );
    expect(recipe.passes[0]?.params['target_opset']).toBe(20);
    expect(warnings).toEqual([{ path: '$.passes.c.target_opset', message: 'also given at $.passes.c.config.target_opset, which wins' }]);
  });

  it('unknown ones are dropped with a warning at their path', () => {
    const { recipe, warnings } = parse(minimalDocument({ passes: { c: { type: 'OnnxConversion', config: { target_opst: 17 } } } }));
    expect(warnings.map(({ path }) => path)).toEqual(['$.passes.c.config.target_opst']);
    expect(warnings[0]?.message).toContain('perhaps "target_opset"');
    expect(recipe.passes[0]?.params).not.toHaveProperty('target_opst');
  });

  it('unknown arguments of a surgeon are dropped with a warning at their path', () => {
    const surgeries = [{ surgeon: 'replaceattentionmaskvalue', treshold: -1 }];
    const { recipe, warnings } = parse(minimalDocument({ passes: { s: { type: 'GraphSurgeries', surgeries } } }));
    expect(warnings.map(({ path }) => path)).toEqual(['$.passes.s.surgeries[0].treshold']);
    expect(recipe.passes[0]?.params['surgeries']).toEqual([{ surgeon: 'ReplaceAttentionMaskValue', threshold: -3e30, replacement: -1e4 }]);
  });

  it('DEFAULT_VALUE is the default and SEARCHABLE_VALUES is refused', () => {
    const { recipe } = parse(minimalDocument({ passes: { c: { type: 'OnnxConversion', target_opset: 'DEFAULT_VALUE' } } }));
    expect(recipe.passes[0]?.params['target_opset']).toBe(20);
    expect(problemsOf({ passes: { c: { type: 'OnnxConversion', target_opset: 'SEARCHABLE_VALUES' } } })[0]).toContain(
      '$.passes.c.target_opset: SEARCHABLE',
    );
  });

  it('wrong ones are reported at the path they were written at', () => {
    expect(problemsOf({ passes: { c: { type: 'OnnxConversion', config: { target_opset: 'x' } } } })[0]).toMatch(
      /^\$\.passes\.c\.config\.target_opset: /,
    );
    const surgeries = [{ surgeon: 'ReplaceAttentionMaskValue', replacement: 'low' }];
    expect(problemsOf({ passes: { s: { type: 'GraphSurgeries', surgeries } } })[0]).toMatch(
      /^\$\.passes\.s\.surgeries\[0\]\.replacement: /,
    );
  });

  it('a surgeon nobody knows is refused with a suggestion; one that only Olive knows is not', () => {
    const wrong = problemsOf({ passes: { s: { type: 'GraphSurgeries', surgeries: [{ surgeon: 'MatMulAddToGem' }] } } });
    expect(wrong).toEqual(['$.passes.s.surgeries[0].surgeon: no surgeon is called "MatMulAddToGem"; perhaps "MatMulAddToGemm"']);
    const { recipe } = parse(minimalDocument({ passes: { s: { type: 'GraphSurgeries', surgeries: [{ surgeon: 'tiewordembeddings' }] } } }));
    expect(recipe.passes[0]).toMatchObject({ known: 'olive', detail: ' (surgeon TieWordEmbeddings)' });
  });

  it.each<[string, JsonObject]>([
    [' (all_tensors_to_one_file false)', { save_as_external_data: true, all_tensors_to_one_file: false }],
    [' (convert_attribute)', { save_as_external_data: true, convert_attribute: true }],
    ['', { all_tensors_to_one_file: false, convert_attribute: true }],
  ])('a layout of weights that Grove does not write needs Olive:%s', (detail, settings) => {
    const types = [
      { type: 'OnnxConversion', target_opset: 17 },
      { type: 'OnnxFloatToFloat16' },
      { type: 'DynamicToFixedShape', dim_param: ['a'], dim_value: [1] },
      { type: 'GraphSurgeries', surgeries: [] },
    ];
    const passes = Object.fromEntries(types.map((pass, index) => [`p${index}`, { ...pass, ...settings }]));
    const { recipe } = parse(minimalDocument({ passes }));
    expect(recipe.passes.map((pass) => pass.detail)).toEqual(types.map(() => detail));
    expect(recipe.passes[0]?.known).toBe(detail === '' ? 'native' : 'olive');
  });

  it.each<[string, Json]>([
    ['neither form of DynamicToFixedShape', { type: 'DynamicToFixedShape' }],
    ['both forms', { type: 'DynamicToFixedShape', dim_param: ['a'], dim_value: [1], input_name: ['x'], input_shape: [[1]] }],
    ['lists of different length', { type: 'DynamicToFixedShape', dim_param: ['a', 'b'], dim_value: [1] }],
    ['a negative dimension', { type: 'DynamicToFixedShape', dim_param: ['a'], dim_value: [-1] }],
    ['a data file in another folder', { type: 'OnnxConversion', external_data_name: '../weights' }],
    ['a block and an include list', { type: 'OnnxFloatToFloat16', op_block_list: [], op_include_list: ['Add'] }],
  ])('%s is refused', (_, pass) => {
    expect(problemsOf({ passes: { p: pass } })[0]).toMatch(/^\$\.passes\.p\./);
  });
});

describe('passes', () => {
  it('an unknown one has its own error with the nearest name', () => {
    const error = thrownBy(() => parse(minimalDocument({ passes: { c: { type: 'OnnxConvertion' } } })));
    expect(error.code).toBe('unknown-pass');
    expect(error.message).toContain('$.passes.c');
    expect(error.message).toContain('perhaps "OnnxConversion"');
  });

  it('a Python class path is unknown', () => {
    expect(thrownBy(() => parse(minimalDocument({ passes: { c: { type: 'my.module.Pass' } } }))).message).toContain('Python classes');
  });

  it('one that only Olive has parses, on the side Olive runs it', () => {
    const passes = { q: { type: 'onnxpeepholeoptimizer', fix_com_microsoft_opset: true }, e: { type: 'QuarkQuantization' } };
    const { recipe } = parse(minimalDocument({ passes }));
    expect(recipe.passes).toMatchObject([
      { type: 'OnnxPeepholeOptimizer', known: 'olive', side: 'host', params: { fix_com_microsoft_opset: true } },
      { type: 'QuarkQuantization', known: 'olive', side: 'target' },
    ]);
  });

  it('the first of a list of alternatives runs, with a warning', () => {
    const alternatives = [{ type: 'OnnxConversion' }, { type: 'ModelBuilder' }];
    const { recipe, warnings } = parse(minimalDocument({ passes: { c: alternatives } }));
    expect(recipe.passes).toMatchObject([{ type: 'OnnxConversion', path: '$.passes.c[0]' }]);
    expect(warnings[0]?.path).toBe('$.passes.c');
  });

  it('run in file order, and the order changes the digest', () => {
    const a = { type: 'OnnxConversion' };
    const b = { type: 'OnnxFloatToFloat16' };
    const forward = parse(minimalDocument({ passes: { a, b } })).recipe;
    const backward = parse(minimalDocument({ passes: { b, a } })).recipe;
    expect(backward.passes.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(backward.digest).not.toBe(forward.digest);
  });

  it('named by whole numbers are refused: their order would be lost', () => {
    const text = '{"input_model": {"type": "HfModel"}, "passes": {"2": {"type": "OnnxConversion"}, "1": {"type": "OnnxFloatToFloat16"}}}';
    expect(thrownBy(() => parseRecipe(text, { name: 'x', sha256 })).problems.map(({ path }) => path)).toEqual([
      '$.passes["1"]',
      '$.passes["2"]',
    ]);
  });

  it('refer only to data configs and evaluators that exist', () => {
    const error = thrownBy(() => parse(minimalDocument({ passes: { q: { type: 'OnnxStaticQuantization', data_config: 'calib' } } })));
    expect(error.code).toBe('missing-data');
    expect(error.message).toContain('$.passes.q.data_config');
    expect(problemsOf({ passes: { q: { type: 'OnnxStaticQuantization', data_config: {} } } })).toContain(
      '$.passes.q.data_config: must be the name of a data_config',
    );
    expect(problemsOf({ passes: { c: { type: 'OnnxConversion', evaluator: 'e' } } })[0]).toContain('$.passes.c.evaluator');
  });
});

describe('systems', () => {
  it('missing host is the local CPU and missing target is the host', () => {
    const { recipe } = parse(
      minimalDocument({ ...system({ device: 'npu', execution_providers: ['QNNExecutionProvider'] }), target: null, host: 's' }),
    );
    expect(recipe.target).toEqual(recipe.host);
    expect(parse(minimalDocument()).recipe.host).toMatchObject({ name: 'default', accelerator: 'cpu-cpu' });
  });

  it.each<[JsonObject, string]>([
    [{ device: 'cpu' }, 'cpu-cpu'],
    [{ device: 'GPU' }, 'gpu-cuda'],
    [{ execution_providers: ['CUDAExecutionProvider'] }, 'gpu-cuda'],
    [{ execution_providers: ['VitisAIExecutionProvider'] }, 'npu-vitisai'],
    [{ device: 'npu', execution_providers: [['QNNExecutionProvider', '/lib/qnn.so']] }, 'npu-qnn'],
  ])('%j becomes %s', (accelerator, spec) => {
    expect(parse(minimalDocument(system(accelerator))).recipe.target.accelerator).toBe(spec);
  });

  it.each<[JsonObject, string]>([
    [{ device: 'npu' }, 'an npu has no default execution provider'],
    [{}, 'give a device or an execution provider'],
    [{ execution_providers: ['QNNExecutionProvider'] }, 'runs on gpu or npu: name the device'],
    [{ device: 'tpu', execution_providers: ['CPUExecutionProvider'] }, 'must be cpu, gpu or npu'],
    [{ device: 'cpu', execution_providers: ['QNN'] }, 'must be a name that ends in ExecutionProvider'],
    [{ device: 'cpu', execution_providers: ['CPUExecutionProvider', 'QNNExecutionProvider'] }, 'exactly one execution provider'],
  ])('%j is refused', (accelerator, message) => {
    const [problem] = problemsOf(system(accelerator));
    expect(problem).toMatch(/^\$\.systems\.s\.accelerators\[0\]/);
    expect(problem).toContain(message);
  });

  it('more than one accelerator is refused', () => {
    const accelerators = [{ device: 'cpu' }, { device: 'gpu' }];
    expect(problemsOf({ systems: { s: { type: 'LocalSystem', accelerators } }, host: 's' })[0]).toContain(
      '$.systems.s.accelerators: must be a list of exactly one',
    );
  });

  it.each(['LocalSystem', 'pythonenvironment', 'Docker'])('%s is a system type', (type) => {
    expect(parse(minimalDocument(system({ device: 'cpu' }, { type }))).recipe.target.type.toLowerCase()).toBe(type.toLowerCase());
  });

  it('an inline object and a nested config stand for a system', () => {
    const target = { type: 'LocalSystem', config: { accelerators: [{ device: 'gpu', execution_providers: ['DmlExecutionProvider'] }] } };
    expect(parse(minimalDocument({ target })).recipe.target).toMatchObject({ name: 'inline', accelerator: 'gpu-dml' });
  });

  it('names that do not exist and broken systems nobody uses are refused', () => {
    expect(problemsOf({ target: 'nowhere' })).toEqual(['$.target: refers to system "nowhere", which the recipe does not define']);
    expect(problemsOf({ systems: { unused: { type: 'Moon' } } })[0]).toContain('$.systems.unused.type');
  });

  it('a provider that does not run on the device is kept with a warning', () => {
    const { recipe, warnings } = parse(minimalDocument(system({ device: 'cpu', execution_providers: ['QNNExecutionProvider'] })));
    expect(recipe.target.ep).toBe('QNNExecutionProvider');
    expect(warnings[0]?.message).toContain('Olive would silently use the CPU');
  });
});

describe('data configs', () => {
  it('fill in the Hugging Face defaults', () => {
    const { recipe } = parse(minimalDocument({ data_configs: [{ name: 'd', type: 'huggingfacecontainer' }] }));
    expect(recipe.dataConfigs[0]).toMatchObject({
      type: 'HuggingfaceContainer',
      source: { dataset: null, split: 'validation' },
      tokenization: { columns: [], maxSamples: null, padding: 'longest', truncation: true, addSpecialTokens: true },
      labelColumn: 'label',
      batchSize: 1,
      dropLast: false,
    });
  });

  it('read nested params and report problems where they stand', () => {
    const data = [{ name: 'd', type: 'HuggingfaceContainer', pre_process_data_config: { params: { max_samples: 0 } } }];
    expect(problemsOf({ data_configs: data })[0]).toMatch(/^\$\.data_configs\[0\]\.pre_process_data_config\.params\.max_samples: /);
  });

  it('drop unknown component parameters with a warning', () => {
    const data = [
      { name: 'd', type: 'HuggingfaceContainer', pre_process_data_config: { max_sampels: 3 }, dataloader_config: { batch_sise: 2 } },
    ];
    const { recipe, warnings } = parse(minimalDocument({ data_configs: data }));
    expect(warnings.map(({ path }) => path)).toEqual([
      '$.data_configs[0].pre_process_data_config.max_sampels',
      '$.data_configs[0].dataloader_config.batch_sise',
    ]);
    expect(recipe.dataConfigs[0]?.preProcess.params).toEqual({});
  });

  it('must have unique names of letters, digits and underscores', () => {
    expect(problemsOf({ data_configs: [{ name: 'a' }, { name: 'a' }, { name: 'a-b' }, {}] }).map((line) => line.split(':')[0])).toEqual([
      '$.data_configs[1].name',
      '$.data_configs[2].name',
      '$.data_configs[3].name',
    ]);
  });

  it('tell where user scripts are', () => {
    const data = [{ name: 'd', user_script: 'user_script.py', load_dataset_config: { type: 'mine' } }];
    expect(parse(minimalDocument({ data_configs: data })).recipe.userScripts).toEqual(['$.data_configs[0].user_script']);
  });
});

describe('evaluators', () => {
  function metrics(...list: Json[]): JsonObject {
    return { evaluators: { e: { metrics: list } }, evaluator: 'e' };
  }
  const latency = (...sub_types: Json[]): Json => ({ name: 'latency', type: 'latency', sub_types });

  it('a lone sub-type gets priority 1', () => {
    expect(parse(minimalDocument(metrics(latency({ name: 'avg' })))).recipe.metrics[0]?.subTypes[0]?.priority).toBe(1);
  });

  it('every sub-type keeps its own metric_config, flat or nested; the first one times all', () => {
    const [flat, nested] = [{ task: 'multiclass', num_classes: 3 }, { average: 'macro' }];
    const sub_types = [
      { name: 'accuracy_score', priority: 1, ...flat },
      { name: 'f1_score', metric_config: nested },
    ];
    const changes = metrics({ name: 'accuracy', type: 'accuracy', backend: 'huggingface_metrics', sub_types });
    const [accuracy] = parse(minimalDocument(changes)).recipe.metrics;
    expect(accuracy).toMatchObject({ backend: 'huggingface_metrics', subTypes: [{ config: flat }, { config: nested }] });
    const [timed] = parse(
      minimalDocument(metrics(latency({ name: 'avg', priority: 1 }, { name: 'max', metric_config: { warmup_num: 3 } }))),
    ).recipe.metrics;
    expect(timed).toMatchObject({ backend: 'torch_metrics', warmupCount: 10, subTypes: [{ config: {} }, { config: { warmup_num: 3 } }] });
  });

  it.each<[string, JsonObject, string]>([
    ['several sub-types without a priority', metrics(latency({ name: 'avg' }, { name: 'max' })), 'one sub-type must have priority 1'],
    ['a gap in the priorities', metrics(latency({ name: 'avg', priority: 1 }, { name: 'max', priority: 3 })), 'without gaps'],
    ['an unknown statistic', metrics(latency({ name: 'p42' })), 'must be one of avg'],
    ['a negative improvement', metrics(latency({ name: 'avg', goal: { type: 'min-improvement', value: -1 } })), 'must not be negative'],
    [
      'an improvement of 100 percent',
      metrics(latency({ name: 'avg', goal: { type: 'percent-min-improvement', value: 100 } })),
      'less than 100',
    ],
    ['a goal value no report can hold', metrics(latency({ name: 'avg', goal: { type: 'threshold', value: 1e13 } })), 'goal.value'],
    ['a name no report can hold', metrics({ name: 'x'.repeat(60), type: 'latency', sub_types: [{ name: 'avg' }] }), 'metrics[0].name'],
    ['an unknown goal', metrics(latency({ name: 'avg', goal: { type: 'faster', value: 1 } })), 'goal.type'],
    ['an unknown metric type', metrics({ name: 'x', type: 'speed', sub_types: [{ name: 'avg' }] }), '$.evaluators.e.metrics[0].type'],
    ['a negative warm-up', metrics(latency({ name: 'avg', metric_config: { warmup_num: -1 } })), 'sub_types[0].metric_config.warmup_num'],
    [
      'a ranked custom metric without a direction',
      metrics({ name: 'x', type: 'custom', sub_types: [{ name: 'a', priority: 1 }, { name: 'b' }] }),
      '$.evaluators.e.metrics[0].sub_types[0].higher_is_better: ',
    ],
    ['an evaluator that does not exist', { evaluator: 'nobody' }, '$.evaluator: refers to evaluator "nobody"'],
  ])('%s is refused', (_, changes, message) => {
    expect(problemsOf(changes).join('\n')).toContain(message);
  });

  it('a degradation over 100 percent is fine where lower is better', () => {
    const goal = { type: 'percent-max-degradation', value: 150 };
    expect(parse(minimalDocument(metrics(latency({ name: 'avg', goal })))).recipe.metrics[0]?.subTypes[0]?.goal).toEqual(goal);
  });

  it('a metric of missing data has its own error', () => {
    const changes = metrics({ name: 'latency', type: 'latency', data_config: 'gone', sub_types: [{ name: 'avg' }] });
    expect(thrownBy(() => parse(minimalDocument(changes))).code).toBe('missing-data');
  });
});

describe('the workflow', () => {
  it('takes engine members at the root or in engine, which wins', () => {
    const root = parse(minimalDocument({ output_dir: 'a' })).recipe.outputDir;
    const { recipe, warnings } = parse(minimalDocument({ output_dir: 'a', engine: { output_dir: 'b' } }));
    expect([root, recipe.outputDir]).toEqual(['a', 'b']);
    expect(warnings.map(({ path }) => path)).toEqual(['$.output_dir']);
  });

  it.each<[string, JsonObject, string]>([
    ['a member nobody knows', { evaluater: 'x' }, '$.evaluater: neither a workflow nor an engine member; perhaps "evaluator"'],
    ['a search', { search_strategy: { execution_order: 'joint' } }, '$.search_strategy: search is not supported'],
    ['a search in engine', { engine: { search_strategy: true } }, '$.engine.search_strategy: search is not supported'],
    ['no passes', { passes: {} }, '$.passes: the recipe has no passes'],
    [
      'a model type nobody knows',
      { input_model: { type: 'HFModl' } },
      '$.input_model.type: no model type is called "HFModl"; perhaps "HfModel"',
    ],
    [
      'weights that would be overwritten',
      externalData('Model_config.json'),
      'external_data_name: must not be model.onnx or model_config.json',
    ],
    ['weights named like a device', externalData('con'), 'external_data_name: must be a file name on every system'],
    ['output_dir as a number', { output_dir: 7 }, '$.output_dir: '],
  ])('%s is refused', (_, changes, problem) => {
    expect(problemsOf(changes)[0]).toContain(problem);
  });

  it('lists every problem at once', () => {
    const error = thrownBy(() => parse({ passes: { c: { type: 'Nope' } }, target: 'x', nonsense: 1 }));
    expect(error.code).toBe('recipe-invalid');
    expect(error.problems.map(({ path }) => path).sort()).toEqual(['$.input_model', '$.nonsense', '$.passes.c.type', '$.target']);
    expect(error.message).toContain('4 problem(s)');
  });

  // Each problem may cost a search for the name that was meant: a megabyte of them once held the coordinator for 50 s.
  it.each<[string, JsonObject]>([
    ['passes', { passes: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`, { type: 'OnnxFloatToFlot16' }])) }],
    ['members', Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`evaluatr${i}`, 1]))],
    ['surgeons', { passes: { s: { type: 'GraphSurgeries', surgeries: Array.from({ length: 200 }, () => ({ surgeon: 'X' })) } } }],
  ])('stops at a hundred problems (%s)', (_, changes) => {
    const error = thrownBy(() => parse(minimalDocument(changes)));
    expect(error.problems).toHaveLength(100);
  });

  it('refuses a list of surgeries that no one wrote by hand', () => {
    const surgeries = Array.from({ length: 257 }, () => ({ surgeon: 'X' }));
    expect(problemsOf({ passes: { s: { type: 'GraphSurgeries', surgeries } } })).toEqual([
      expect.stringMatching(/^\$\.passes\.s\.surgeries: Too big/),
    ]);
  });

  it('keeps a hundred warnings', () => {
    const params = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`, 1]));
    expect(parse(minimalDocument({ passes: { c: { type: 'OnnxConversion', ...params } } })).warnings).toHaveLength(100);
  });

  it('refuses several builds in one file', () => {
    const error = thrownBy(() => parse({ one: minimalDocument(), two: minimalDocument() }));
    expect(error.message).toContain('holds 2 builds');
  });

  it('has a digest that ignores white space and key order', () => {
    const document = minimalDocument({ output_dir: 'a' });
    const spaced = parseRecipe(JSON.stringify(document, null, 4), { name: 'a', sha256 }).recipe;
    const reversed = parse(Object.fromEntries(Object.entries(document).reverse()), 'b').recipe;
    expect(reversed.digest).toBe(spaced.digest);
  });

  it('never throws anything but a GroveError, whatever the document', () => {
    const keys = [
      'input_model',
      'passes',
      'systems',
      'data_configs',
      'evaluators',
      'engine',
      'host',
      'target',
      'evaluator',
      'search_strategy',
    ];
    const type = fc.constantFrom('OnnxConversion', 'GraphSurgeries', 'HfModel', 'LocalSystem', 'HuggingfaceContainer', 'latency');
    const anything = fc.jsonValue({ maxDepth: 4 });
    const typed = fc.dictionary(
      fc.constantFrom('type', 'config', 'accelerators', 'metrics', 'name', 'surgeries', '__proto__', 'x'),
      fc.oneof(type, anything),
    );
    const document = fc.dictionary(fc.constantFrom(...keys), fc.oneof(anything, typed, fc.dictionary(fc.string(), typed), fc.array(typed)));
    fc.assert(
      fc.property(document, (value) => {
        try {
          parseRecipe(JSON.stringify(value), { name: 'x', sha256 });
        } catch (error) {
          expect(error).toBeInstanceOf(GroveError);
          expect(error).not.toHaveProperty('code', 'internal');
        }
      }),
      { numRuns: 300 },
    );
  });
});
