import { expect, it } from 'vitest';
import { emulatorHere } from './emulator.ts';
import { type Fixture, fixtureMachine } from './fixture.ts';

const machine = (arch: Fixture['arch'], platform: Fixture['platform'] = 'linux') =>
  fixtureMachine({ platform, arch, files: {}, answers: {} });

it('names the emulator that stands in for an NPU on this architecture, whether a class is named or not', async () => {
  const ep = 'QNNExecutionProvider';
  for (const session of [{ ep }, { ep, deviceClass: 'npu' }] as const)
    expect(await emulatorHere(session, machine('x64'), {})).toBe('Qualcomm HTP emulator (x86)');
  expect(await emulatorHere({ ep }, machine('arm64'), {})).toBeNull();
});

it('names the software adapter that a graphics interface gets without a graphics card', async () => {
  const ep = 'WebGpuExecutionProvider';
  expect(await emulatorHere({ ep }, machine('x64'), {})).toBe('software Vulkan adapter');
  expect(await emulatorHere({ ep }, machine('x64'), { VK_ICD_FILENAMES: '/opt/swiftshader.json' })).toBe('SwiftShader (software Vulkan)');
  expect(await emulatorHere({ ep: 'DmlExecutionProvider', deviceClass: 'npu' }, machine('x64', 'win32'), {})).toBeNull();
});

it('takes everything else for silicon', async () => {
  expect(await emulatorHere({ ep: 'CPUExecutionProvider' }, machine('x64'), {})).toBeNull();
  expect(await emulatorHere({ ep: 'CUDAExecutionProvider' }, machine('x64'), {})).toBeNull();
});
