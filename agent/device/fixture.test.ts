import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Device, deviceSchema, deviceStateSchema, hostInfoSchema, missingSchema } from '../../domain/device.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { createSystemClock } from '../../platform/clock.ts';
import type { TryProvider } from './ep-devices.ts';
import { type Fixture, fixtureMachine, fixtureSchema } from './fixture.ts';
import { thisMachine } from './machine.ts';
import { probeMachine } from './probe.ts';
import { recordMachine } from './record.ts';
import { StateReader } from './state/state-reader.ts';

const FOLDER = fileURLToPath(new URL('fixtures', import.meta.url));
const ORT = { version: '1.30.0', libraryPath: '/nowhere/libonnxruntime.so.1', libraryDigest: '0'.repeat(64) };
const NAMES = (await readdir(FOLDER)).map((name) => name.replace('.json', '')).sort();

const nothingRuns: TryProvider = async ({ ep }) => ({
  why: `${ep} failed`,
  ortVersion: '1.30.0',
  ortLibraryDigest: '0'.repeat(64),
  devices: [],
});

let dataFolder = '';
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'grove-fixture-'));
});
afterEach(() => rm(dataFolder, { recursive: true, force: true }));

async function read(name: string): Promise<Fixture> {
  return fixtureSchema.parse(JSON.parse(await readFile(join(FOLDER, `${name}.json`), 'utf8')));
}

async function probe(fixture: Fixture, tryProvider = nothingRuns, eps = {}) {
  const config = {
    ...{ hostId: 'h', hostName: 'lab-17', dataFolder, labels: {}, capabilities: [] },
    ...{ runtime: { adapter: 'ort-native' as const, ort: null }, eps, childEnv: {} },
  };
  return await probeMachine(config, { machine: fixtureMachine(fixture), ort: ORT, tryProvider });
}

describe('a machine that stands in a fixture', () => {
  it.each(NAMES)('%s is probed as it says, in documents that the protocol accepts', async (name) => {
    const fixture = await read(name);
    const { devices, host, missing } = await probe(fixture);
    for (const device of devices) expect(deviceSchema.parse(device)).toEqual(device);
    for (const entry of missing) expect(missingSchema.parse(entry)).toEqual(entry);
    expect(hostInfoSchema.parse(host)).toEqual(host);
    const hardware = missing.filter(({ what }) => /^(?:GPU|NPU)/.test(what)).map(({ what, why }) => `${what}: ${why}`);
    if (fixture.expected !== undefined) expect(hardware.sort()).toEqual([...fixture.expected].sort());
    expect(fixture.label === 'constructed' && fixture.expected === undefined).toBe(false);
  });

  it.each(NAMES)('%s has a state that the protocol accepts', async (name) => {
    const fixture = await read(name);
    const { devices } = await probe(fixture);
    const reader = new StateReader({ machine: fixtureMachine(fixture), clock: createSystemClock(), ownPid: 1 });
    for (const state of Object.values(await reader.read(devices, 'recent'))) expect(deviceStateSchema.parse(state)).toEqual(state);
  });
});

describe('hardware on which a provider ran', () => {
  /** A provider that runs on hardware of these ids, or names none. */
  const runsOn = (ep: ExecutionProvider, deviceClass: 'gpu' | 'npu', ids: readonly [number, number] | undefined): TryProvider => {
    const device = ids && { class: deviceClass, vendor: 'X', vendorId: ids[0], deviceId: ids[1], metadata: {}, epMetadata: {} };
    return async (request) =>
      request.ep === ep && request.deviceClass === deviceClass
        ? { why: null, ortVersion: '1.30.0', ortLibraryDigest: '0'.repeat(64), devices: device === undefined ? [] : [device] }
        : nothingRuns(request);
  };

  const cases: readonly (readonly [
    string,
    ExecutionProvider,
    'gpu' | 'npu',
    readonly [number, number] | undefined,
    Partial<Device['profile']>,
  ])[] = [
    [
      'linux-amd-strix-npu',
      'VitisAIExecutionProvider',
      'npu',
      undefined,
      {
        ...{ model: 'AMD NPU (XDNA 2, Strix or Krackan) RyzenAI-npu4 1022:17f0', driver: 'amdxdna 2.19.0', firmware: '1.0.0.63' },
        ...{ revision: '0x10', memoryBytes: null, unknown: { memoryBytes: 'not-present' } },
      },
    ],
    [
      'linux-intel-lunar-lake',
      'OpenVINOExecutionProvider',
      'npu',
      [0x8086, 0x643e],
      { model: 'Intel NPU (Lunar Lake) 8086:643e', driver: 'intel_vpu', firmware: null, emulated: false },
    ],
    [
      'linux-nvidia-rtx-4090',
      'NvTensorRTRTXExecutionProvider',
      'gpu',
      [0x10de, 0x2684],
      { model: 'NVIDIA GeForce RTX 4090 10de:2684', driver: '570.169', firmware: '95.02.3C.40.8B', memoryBytes: 24_564 * 1_048_576 },
    ],
    [
      'windows-amd-strix',
      'DmlExecutionProvider',
      'gpu',
      undefined,
      {
        model: 'AMD Radeon(TM) 890M Graphics 1002:150e',
        driver: '32.0.21001.9024',
        memoryBytes: 536_870_912,
        revision: '0xc1',
        emulated: false,
      },
    ],
    [
      'windows-snapdragon-x',
      'QNNExecutionProvider',
      'npu',
      undefined,
      { model: 'Snapdragon(R) X Elite - X1E78100 - Qualcomm(R) Hexagon(TM) NPU', driver: '30.0.140.1000', pciVendorId: null },
    ],
    [
      'windows-virtual-machine',
      'DmlExecutionProvider',
      'gpu',
      undefined,
      { model: 'WARP (software Direct3D)', emulated: true, virtualMachine: true },
    ],
  ];
  it.each(cases)('%s with %s is a device with what its driver tells', async (name, ep, deviceClass, ids, profile) => {
    const fixture = await read(name);
    const { devices, missing } = await probe(fixture, runsOn(ep, deviceClass, ids), { [ep]: { ort: '/ort/library' } });
    const device = devices.find(({ name: own }) => own === `lab-17/${deviceClass}0`);
    expect(device?.profile).toMatchObject(profile);
    const isSilicon = device?.profile.emulated === false;
    if (isSilicon) expect(missing.filter(({ what }) => what.startsWith(deviceClass.toUpperCase()))).toEqual([]);
  });

  it('is told from its twin', async () => {
    const fixture = await read('linux-nvidia-rtx-4090');
    const twin = Object.fromEntries(
      Object.entries(fixture.files).map(([path, text]) => [path.replace('0000:01:00.0', '0000:02:00.0'), text]),
    );
    const tryProvider = runsOn('CUDAExecutionProvider', 'gpu', undefined);
    const both = { ...fixture, files: { ...fixture.files, ...twin } };
    const { devices, missing } = await probe(both, tryProvider, { CUDAExecutionProvider: { ort: '/ort/library' } });
    expect(devices.filter(({ profile }) => profile.class === 'gpu')).toHaveLength(1);
    expect(missing.find(({ what }) => what.startsWith('GPU'))).toMatchObject({
      why: expect.stringMatching(/^ambiguous/),
      fix: expect.stringContaining('device_id'),
    });
  });

  it('of Windows ML is offered by the command that adds it', async () => {
    const { missing } = await probe(await read('windows-amd-strix'));
    expect(missing.find(({ what }) => what === 'VitisAIExecutionProvider')?.fix).toMatch(/version 1\.8\.51\.0.*grove ep add winml:vitisai/);
  });
});

describe('a recording', () => {
  it('of this machine probes as the machine itself, and names nobody', async () => {
    const { machine, fixture } = recordMachine(thisMachine());
    const config = {
      ...{ hostId: 'h', hostName: 'lab-17', dataFolder, labels: {}, capabilities: [] },
      ...{ runtime: { adapter: 'ort-native' as const, ort: null }, eps: {}, childEnv: {} },
    };
    const real = await probeMachine(config, { machine, ort: ORT, tryProvider: nothingRuns });
    const recorded = fixtureSchema.parse(JSON.parse(JSON.stringify(fixture('here'))));
    const again = await probe(recorded);
    expect([again.devices, again.missing]).toEqual([real.devices, real.missing]);
    expect(Object.keys(recorded.files).filter((path) => /serial|uuid|machine-id|^proc\/\d/.test(path))).toEqual([]);
  });

  it('leaves out which of several equal devices it was, and what ran', async () => {
    const answer = JSON.stringify({ gpus: [{ id: 'PCI\\VEN_10DE&DEV_2684&REV_A1\\4&2E1A1C6&0&0019' }] });
    const real = fixtureMachine({
      ...(await read('windows-amd-strix')),
      answers: { 'windows-devices': answer, 'windows-state': '{"processes":[]}' },
    });
    const { machine, fixture } = recordMachine(real);
    await machine.query('windows-devices');
    await machine.query('windows-state');
    expect(fixture('x').answers).toEqual({ 'windows-devices': answer.replace('4&2E1A1C6&0&0019', 'REDACTED') });
  });
});
