import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const VITISAI: EpDefinition = {
  ...PLAIN,
  name: 'VitisAIExecutionProvider',
  id: 'vitisai',
  title: 'AMD VitisAI (Ryzen AI)',
  classes: ['npu'],
  compiled: { kind: 'named', name: 'VitisAI' },
  pluginFile: /^(?:lib)?onnxruntime_providers_vitisai_plugin\.(?:so|dll)$|^onnxruntime_vitisai_ep\.dll$/,
  buildFile: /^(?:lib)?onnxruntime_(?:providers_vitisai|vitisai_ep)\.(?:so|dll)$/,
  options: {
    config_file: { type: 'path', meaning: 'Compiler configuration (vaip or vaiml JSON); belongs to the machine.' },
    target: { type: 'text', values: ['X1', 'X2'], meaning: 'X2 for Strix and Krackan, X1 (with `xclbin`) for Phoenix and Hawk Point.' },
    xclbin: { type: 'path', meaning: 'Overlay of the NPU, for X1.' },
    cache_dir: { type: 'path', meaning: 'Folder for compiled models.' },
    cache_key: {
      type: 'text',
      meaning: 'Name within that folder. A stale entry is used without a word, so a measurement gives each model its own.',
    },
    enable_cache_file_io_in_mem: { type: 'boolean', meaning: 'Keeps the cache in memory.' },
    opt_level: { type: 'integer', meaning: 'Effort of the compiler.' },
    ai_analyzer_profiling: { type: 'boolean', meaning: "AMD's own profile." },
  },
  vendorId: '1022',
  takes: 'AMD NPUs (Ryzen AI) only',
  needs: { staticShapes: true, qdq: true, contextCache: true },
  fallback:
    'Without an NPU it still loads and leaves every operator to the CPU provider, so its presence proves nothing: placement is read.',
  install: {
    linux:
      "AMD's Ryzen AI Software for Linux (Strix and Krackan) with its ONNX Runtime: name that library as the build, `eps: { VitisAIExecutionProvider: { ort: PATH } }`.",
    windows:
      "AMD's Ryzen AI Software (an account is needed): name its onnxruntime.dll as the build, `eps: { VitisAIExecutionProvider: { ort: PATH } }`; or the Windows ML catalogue: `grove ep add winml:VitisAI`. The NPU driver comes from AMD too.",
  },
  proof:
    'Not run on silicon; there is no simulator. Tested up to the point where the named build says that it was built without, and where a plug-in does not load.',
};
