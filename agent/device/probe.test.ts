import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceSchema, hostInfoSchema, missingSchema } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { AgentConfig } from '../config.ts';
import type { TryProvider } from './ep-devices.ts';
import { layOut, type MachineFiles, STRIX_LAPTOP } from './machine.cases.ts';
import { thisMachine } from './machine.ts';
import { probeMachine } from './probe.ts';

const ORT = { version: '1.30.0', libraryPath: '/nowhere/libonnxruntime.so.1', libraryDigest: '0'.repeat(64) };
const onLinux = process.platform === 'linux' ? describe : undefined;

onLinux?.('probeMachine', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'grove-probe-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const nothingRuns: TryProvider = async ({ ep }) => ({
    why: `${ep} failed`,
    ortVersion: '1.30.0',
    ortLibraryDigest: '0'.repeat(64),
    devices: [],
  });

  async function probe(
    files: MachineFiles,
    { tryProvider = nothingRuns, eps = {} }: { tryProvider?: TryProvider; eps?: AgentConfig['eps'] } = {},
  ) {
    await layOut(root, files);
    const config = {
      ...{ hostId: null, hostName: 'lab-17', dataFolder: root, labels: { pool: 'npu' }, capabilities: ['hub'] },
      ...{ runtime: { adapter: 'ort-native' as const, ort: null }, eps, childEnv: {} },
    };
    return await probeMachine(config, { machine: thisMachine(root), root, ort: ORT, tryProvider });
  }

  const missingOf = ({ missing }: Awaited<ReturnType<typeof probe>>, what: RegExp) => missing.find((entry) => what.test(entry.what));

  it('describes the CPU device and the machine around it', async () => {
    const { devices, host } = await probe(STRIX_LAPTOP);
    expect(devices).toHaveLength(1);
    expect(devices[0]).toMatchObject({
      name: 'lab-17/cpu0',
      profile: {
        class: 'cpu',
        model: 'AMD Ryzen AI 9 HX 370 w/ Radeon 890M',
        sku: 'ASUSTeK COMPUTER INC. ProArt PX13 HN7306WI',
        os: 'Ubuntu 25.04',
        memoryBytes: 32_768_000_000,
        virtualMachine: false,
        eps: [{ name: 'CPUExecutionProvider', version: '1.30.0', libraryDigest: null }],
        capabilities: ['hub'],
        labels: { pool: 'npu' },
        unknown: {},
      },
    });
    expect(host).toMatchObject({ hostName: 'lab-17', bios: 'HN7306WI.310 04/18/2025', hostId: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('gives documents that the protocol accepts, even on a machine that tells nothing', async () => {
    const { devices, host, missing } = await probe({});
    for (const device of devices) expect(deviceSchema.parse(device)).toEqual(device);
    expect(hostInfoSchema.parse(host)).toEqual(host);
    for (const entry of missing) expect(missingSchema.parse(entry)).toEqual(entry);
    expect(devices[0]?.profile).toMatchObject({ sku: null, firmware: null, unknown: { sku: 'not-present', firmware: 'not-present' } });
  });

  it('sees an NPU without a driver', async () => {
    expect(missingOf(await probe(STRIX_LAPTOP), /NPU/)).toMatchObject({
      what: expect.stringContaining('1022:17f0'),
      why: expect.stringMatching(/^no-driver/),
    });
  });

  it('lists a GPU that nothing here can use, once, without its connectors', async () => {
    const { missing } = await probe(STRIX_LAPTOP);
    expect(missing.filter(({ what }) => what.startsWith('GPU'))).toEqual([
      { what: 'GPU AMD 1002:150e', why: expect.stringMatching(/^not-installed: driver amdgpu/), fix: expect.any(String) },
    ]);
  });

  it('offers no execution provider but the CPU, and says why for each other', async () => {
    const probed = await probe(STRIX_LAPTOP);
    expect(missingOf(probed, /^QNNExecutionProvider$/)?.why).toMatch(/^not-installed/);
    expect(probed.missing.filter(({ what }) => what.endsWith('ExecutionProvider')).length).toBeGreaterThan(5);
  });

  it('makes a device of hardware that a provider ran on, shared by the providers on it', async () => {
    const eps = { DmlExecutionProvider: { ort: '/ort/a' }, NvTensorRTRTXExecutionProvider: { ort: '/ort/b' } };
    const gpu = { class: 'gpu' as const, vendor: 'AMD', vendorId: 0x1002, deviceId: 0x150e, metadata: {}, epMetadata: {} };
    const tryProvider: TryProvider = async (request) =>
      request.deviceClass === 'gpu' && request.ep in eps
        ? { why: null, ortVersion: '1.29.0', ortLibraryDigest: 'a'.repeat(64), devices: [gpu] }
        : nothingRuns(request);
    const { devices, missing } = await probe(STRIX_LAPTOP, { tryProvider, eps });
    expect(devices.map(({ name }) => name)).toEqual(['lab-17/cpu0', 'lab-17/gpu0']);
    expect(deviceSchema.parse(devices[1])).toMatchObject({
      profile: {
        ...{ class: 'gpu', emulated: false, pciVendorId: '1002', pciDeviceId: '150e', model: 'AMD 1002:150e', labels: { pool: 'npu' } },
        eps: [
          { name: 'NvTensorRTRTXExecutionProvider', version: '1.29.0', libraryDigest: 'a'.repeat(64) },
          { name: 'DmlExecutionProvider', version: '1.29.0', libraryDigest: 'a'.repeat(64) },
        ],
      },
    });
    expect(missing.find(({ what }) => what.startsWith('GPU'))).toBeUndefined();
    expect(missing).toContainEqual({ what: 'DmlExecutionProvider (npu)', why: 'unsupported: DmlExecutionProvider failed' });
  });

  it('says so when the configuration names a package that is not installed', async () => {
    const { missing } = await probe({}, { eps: { QNNExecutionProvider: { package: 'qnn@9' } } });
    expect(missing).toContainEqual({
      what: 'QNNExecutionProvider',
      why: expect.stringMatching(/^not-installed: the configuration names qnn@9/),
    });
  });

  it('keeps a provider whose trial crashes among the missing, with the reason', async () => {
    const tryProvider: TryProvider = async () =>
      Promise.reject(new GroveError('child-crashed', { stage: 'ep-trial', how: 'signal SIGSEGV' }));
    const { missing } = await probe({}, { tryProvider, eps: { QNNExecutionProvider: { ort: '/ort' } } });
    expect(missing.find(({ what }) => what === 'QNNExecutionProvider')?.why).toMatch(/^not-loaded: .*SIGSEGV/);
  });

  it('reports a virtual machine', async () => {
    const guest = { 'proc/cpuinfo': 'model name\t: QEMU Virtual CPU\nflags\t\t: fpu hypervisor lahf_lm\n' };
    expect((await probe(guest)).devices[0]?.profile.virtualMachine).toBe(true);
  });
});
