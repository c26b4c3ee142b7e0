import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { bundledLibraryPath } from '../../engine/runtime/ort-library.ts';
import { tryProvider } from '../../engine/runtime/trial.ts';
import { completeAgentConfig } from '../config.ts';
import { EpPackages } from '../eps/package-store.ts';
import { zipOf } from '../eps/zip.cases.ts';
import { fixtureMachine } from './fixture.ts';
import { probeMachine } from './probe.ts';

const ORT = { version: '1.30.0', libraryPath: bundledLibraryPath(), libraryDigest: '0'.repeat(64) };
const onLinux = process.platform === 'linux' && process.arch === 'x64' ? describe : undefined;

/** What a package or build of each provider is called, and what its machine says of it. */
const VENDORS: readonly (readonly [ExecutionProvider, string, { readonly file: string; readonly options: Record<string, string> }])[] = [
  [
    'VitisAIExecutionProvider',
    'vitisai',
    {
      file: 'onnxruntime_vitisai/libonnxruntime_providers_vitisai_plugin.so',
      options: { config_file: '/r/vaip.json', cache_dir: '/r', target: 'X2' },
    },
  ],
  [
    'NvTensorRTRTXExecutionProvider',
    'tensorrt-rtx',
    {
      file: 'onnxruntime_ep_nv_tensorrt_rtx/libonnxruntime_providers_nv_tensorrt_rtx.so',
      options: { device_id: '0', nv_cuda_graph_enable: '1' },
    },
  ],
  [
    'CUDAExecutionProvider',
    'cuda',
    { file: 'x/libonnxruntime_providers_cuda_plugin.so', options: { device_id: '1', arena_extend_strategy: 'kSameAsRequested' } },
  ],
];
const COMPILED: readonly (readonly [ExecutionProvider, Record<string, string>, RegExp])[] = [
  [
    'VitisAIExecutionProvider',
    { config_file: '/r/vaip.json', target: 'X1', xclbin: '/r/4x4.xclbin' },
    /^unsupported: .*was built without it/,
  ],
  ['NvTensorRTRTXExecutionProvider', { device_id: '0' }, /^unsupported: .*was built without it/],
  [
    'TensorrtExecutionProvider',
    { trt_fp16_enable: '1', trt_engine_cache_path: '/r' },
    /^unsupported: .*Failed to load .*providers_(?:shared|tensorrt)\.so: cannot open/,
  ],
  [
    'CUDAExecutionProvider',
    { device_id: '0', use_tf32: '0' },
    /^unsupported: .*Failed to load .*providers_(?:shared|cuda)\.so: cannot open/,
  ],
  ['DmlExecutionProvider', { device_id: '0', device_filter: 'gpu' }, /^unsupported: .*was built without it/],
  ['CoreMLExecutionProvider', { MLComputeUnits: 'CPUAndNeuralEngine' }, /^unsupported: .*was built without it/],
];

/** Each provider as an operator configures it, on a machine without its hardware: up to the point that says no. */
onLinux?.('a provider whose hardware is not here', () => {
  let dataFolder = '';
  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'grove-vendor-'));
  });
  afterEach(() => rm(dataFolder, { recursive: true, force: true }));

  async function reasonsOf(ep: ExecutionProvider, settings: object) {
    const config = completeAgentConfig({ dataFolder, hostId: 'h', eps: { [ep]: settings } }, { env: {}, token: null });
    const machine = fixtureMachine({ platform: 'linux', arch: 'x64', files: {}, answers: {} });
    // Only this provider: the others are not its business.
    const { missing } = await probeMachine(config, {
      machine,
      ort: ORT,
      tryProvider: (request) => (request.ep === ep ? tryProvider(request) : Promise.reject(new Error('not asked'))),
    });
    return missing.filter(({ what }) => what.startsWith(ep)).map(({ why }) => why);
  }

  it.each(COMPILED)('%s of a named build says that the build has it not, or which library it lacks', async (ep, options, expected) => {
    const reasons = await reasonsOf(ep, { ort: bundledLibraryPath(), options });
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toMatch(expected);
  });

  it.each(COMPILED)('%s of a build that is not there says so', async (ep) => {
    const [reason] = await reasonsOf(ep, { ort: join(dataFolder, 'absent.so') });
    expect(reason).toMatch(/^not-loaded: .*absent\.so does not load/);
  });

  it.each(VENDORS)('%s as a package is recognised, recorded, and refused by the loader', async (ep, id, { file, options }) => {
    const wheel = join(dataFolder, 'p.whl');
    await mkdir(dataFolder, { recursive: true });
    await writeFile(
      wheel,
      zipOf([
        { name: file, content: 'no library' },
        { name: `p-1.2.3.dist-info/METADATA`, content: '' },
      ]),
    );
    const added = await new EpPackages(dataFolder).add({ source: wheel });
    expect(added).toMatchObject({ id: `${id}@1.2.3`, ep, kind: 'plugin' });
    const [reason] = await reasonsOf(ep, { package: added.id, options });
    expect(reason).toMatch(/^unsupported: Failed to load library .*(?:file too short|invalid ELF header)/);
  });

  const wrong: readonly (readonly [ExecutionProvider, Record<string, string>])[] = [
    ['VitisAIExecutionProvider', { target: 'X3' }],
    ['NvTensorRTRTXExecutionProvider', { device_id: 'first' }],
    ['TensorrtExecutionProvider', { trt_builder_optimization_level: '9' }],
    ['CUDAExecutionProvider', { cudnn_conv_algo_search: 'GUESS' }],
    ['DmlExecutionProvider', { device_filter: 'tpu' }],
    ['CoreMLExecutionProvider', { MLComputeUnits: 'SOME' }],
  ];
  it.each(wrong)('%s refuses an option that its vendor does not know: %j', async (ep, options) => {
    const [reason] = await reasonsOf(ep, { ort: bundledLibraryPath(), options });
    expect(reason).toMatch(/^unsupported: .*option/i);
  });
});
