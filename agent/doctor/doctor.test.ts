import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceState } from '../../domain/device.ts';
import { completeAgentConfig } from '../config.ts';
import { deviceOf } from '../device/state/device.cases.ts';
import { type Examined, machineFindings } from './machine-findings.ts';
import { redacted } from './redact.ts';

const QUIET: DeviceState = { temperatureC: 50, utilization: 0, freeMemoryBytes: 8e9, powerSource: 'ac', powerMode: 'performance' };
const HOST = { hostId: 'h', hostName: 'lab', osBuild: 'Linux', bios: null, cpuCount: 2, memoryBytes: 1e9, freeDiskBytes: 1e12 };

function examined(
  change: Partial<Examined> & { readonly missing?: Examined['probe']['missing']; readonly freeDiskBytes?: number } = {},
): Examined {
  const { missing = [], freeDiskBytes = 1e12, ...rest } = change;
  return {
    config: completeAgentConfig({ dataFolder: '/data' }, { env: {}, token: null }),
    probe: { host: { ...HOST, freeDiskBytes }, devices: [deviceOf('cpu')], missing },
    states: { 'lab-17/cpu0': QUIET },
    packages: [],
    toolchains: [],
    ...rest,
  };
}

const wrong = (facts: Examined) =>
  machineFindings(facts)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, what, fix }) => `${level}: ${what}${fix === '' ? '' : ' | '}`);

describe('the doctor', () => {
  it('has nothing to say of a machine in order, and of hardware that is not there', () => {
    expect(wrong(examined())).toEqual([]);
    const missing = [
      { what: 'NPU', why: 'not-present: no NPU on the PCI bus' },
      { what: 'QNNExecutionProvider', why: 'not-installed: no package brings it', fix: 'add it' },
    ];
    expect(wrong(examined({ missing }))).toEqual([]);
  });

  const cases: readonly (readonly [Examined, RegExp])[] = [
    [examined({ missing: [{ what: 'NPU x', why: 'no-permission: closed', fix: 'open' }] }), /^problem: NPU x: no-permission: closed \| $/],
    [examined({ missing: [{ what: 'NPU x', why: 'no-driver: none', fix: 'load' }] }), /^problem: NPU x: no-driver/],
    [examined({ missing: [{ what: 'NPU x', why: 'not-installed: no provider', fix: 'add' }] }), /^warning: NPU x: not-installed/],
    [examined({ missing: [{ what: 'QNNExecutionProvider (npu)', why: 'not-loaded: signal SIGSEGV' }] }), /^problem: QNN.*SIGSEGV \| $/],
    [
      examined({
        config: completeAgentConfig({ dataFolder: '/d', eps: { VitisAIExecutionProvider: { ort: '/x' } } }, { env: {}, token: null }),
        missing: [{ what: 'VitisAIExecutionProvider', why: 'unsupported: no NPU' }],
      }),
      /^problem: VitisAIExecutionProvider: unsupported: no NPU \| $/,
    ],
    [
      examined({
        packages: [{ ep: 'CUDAExecutionProvider' }],
        missing: [{ what: 'CUDAExecutionProvider', why: 'unsupported: libcuda.so.1' }],
      }),
      /^problem: CUDAExecutionProvider: unsupported: libcuda.so.1 \| $/,
    ],
    [
      examined({ states: { a: { ...QUIET, powerSource: 'battery' } } }),
      /^warning: it runs on battery: its results bear the badge "disturbed" \| $/,
    ],
    [examined({ states: { a: { ...QUIET, temperatureC: 99 } } }), /^problem: it is 99 °C hot .*it takes no work until that is over \| $/],
    [examined({ freeDiskBytes: 5e8 }), /^problem: 0.5 GB free in \/data: less than 1.1 GB/],
    [examined({ freeDiskBytes: 3e9 }), /^warning: 3.0 GB free/],
    [
      examined({
        toolchains: [
          {
            schemaVersion: 1,
            id: 'olive@0.13.0',
            name: 'olive',
            environment: '/t',
            managed: true,
            pythonVersion: '3',
            packages: {},
            isUsable: false,
          },
        ],
      }),
      /^problem: olive@0.13.0: its Python is gone from \/t \| $/,
    ],
  ];
  it.each(cases)('says what is wrong and what to do (%#)', (facts, expected) => {
    expect(wrong(facts)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('what is shown to others', () => {
  it('names no secret and no serial number', () => {
    const document = {
      proxy: 'http://user:pa55word@proxy:3128',
      uuid: 'GPU-8a9f0d32-1111-2222-3333-0123456789ab',
      mac: '00:1B:44:11:3A:B7',
      lines: ['HF_TOKEN is hf_abcdefgh123', 'serial: PF3XYZ12', 'key topsecret here'],
      free: 42,
    };
    const text = JSON.stringify(redacted(document, ['topsecret']));
    for (const secret of ['pa55word', '8a9f0d32', '1B:44', 'hf_abcdefgh123', 'PF3XYZ12', 'topsecret']) expect(text).not.toContain(secret);
    expect(JSON.parse(text)).toMatchObject({ proxy: 'http://REDACTED@proxy:3128', free: 42 });
  });

  it('keeps its shape', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        const shape = (value: unknown): unknown =>
          typeof value === 'string'
            ? ''
            : Array.isArray(value)
              ? value.map(shape)
              : value !== null && typeof value === 'object'
                ? Object.keys(value)
                : value;
        expect(shape(redacted(document, []))).toEqual(shape(document));
      }),
    );
  });
});
