import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device, Missing } from '../../domain/device.ts';
import { Lab } from '../support/lab.ts';

/** Where `npm run fetch:test-wheels` put them. */
const WHEELS = process.env['GROVE_TEST_WHEELS'] ?? join(import.meta.dirname, '../../.grove/test-wheels');
/** Debian's chromium-common: a Vulkan loader and a driver that computes on the CPU. */
const CHROMIUM = '/usr/lib/chromium';
const SWIFTSHADER = { VK_DRIVER_FILES: `${CHROMIUM}/vk_swiftshader_icd.json`, LD_LIBRARY_PATH: CHROMIUM };
const IS_INTEL = /intel/i.test(cpus()[0]?.model ?? '');

const wheels = existsSync(WHEELS) ? readdirSync(WHEELS).filter((name) => name.endsWith('.whl')) : [];
if (wheels.length < 3) throw new Error(`${WHEELS} does not hold the wheels: run \`npm run fetch:test-wheels\` or set GROVE_TEST_WHEELS`);

const QNN_RECIPE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_qdq_qnn.json';

/** Vendors' execution providers on a plain x86 Linux machine, as a person would install them. */
describe('execution provider packages on a farm', () => {
  let lab: Lab;
  let devices: readonly Device[];
  let missing: readonly Missing[];

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.startCoordinator();
    const data = join(lab.folder, 'lab-a');
    for (const wheel of wheels) {
      const added = await lab.grove('ep', 'add', join(WHEELS, wheel), '--data', data);
      expect(added).toMatchObject({ code: 0 });
    }
    const eps = { OpenVINOExecutionProvider: { package: 'openvino@1.24.1' } };
    await lab.startAgent('lab-a', { config: { eps }, env: existsSync(CHROMIUM) ? SWIFTSHADER : {} });
    ({ devices, missing } = await lab.client.agent('lab-a'));
  }, 240_000);
  afterAll(() => lab.close());

  const offering = (ep: string) => devices.find((device) => device.profile.eps.some(({ name }) => name === ep));

  /** The job of a submit, once it has ended: the emulator takes its time. */
  async function submitted(...args: readonly string[]) {
    await lab.grove('submit', ...args, '--tier', 'smoke', '--watch');
    const [job] = (await lab.client.jobs()).jobs;
    return lab.client.job(job?.jobId ?? '');
  }

  it('are devices once they ran: the QNN emulator an emulated NPU, OpenVINO on the CPU', () => {
    expect(offering('QNNExecutionProvider')).toMatchObject({
      name: 'lab-a/npu0',
      profile: { class: 'npu', emulated: true, eps: [{ version: '2.7.0', libraryDigest: expect.stringMatching(/^[0-9a-f]{64}$/) }] },
    });
    expect(offering('OpenVINOExecutionProvider')?.profile).toMatchObject({ class: 'cpu', emulated: false });
  });

  it('are missing with the reason where the hardware is', () => {
    for (const ep of ['CUDAExecutionProvider', 'TensorrtExecutionProvider', 'DmlExecutionProvider', 'VitisAIExecutionProvider'])
      expect(missing.find(({ what }) => what === ep)?.why).toMatch(/^not-installed/);
    expect(missing.find(({ what }) => what === 'OpenVINOExecutionProvider (npu)')?.why).toMatch(/^unsupported/);
  });

  it('convert, place, run and compare the QNN recipe on the emulator', { timeout: 240_000 }, async () => {
    const submitted = await lab.grove('submit', QNN_RECIPE, ...quantizationSources(lab), '--tier', 'smoke', '--watch');
    expect(submitted).toMatchObject({ code: 0 });
    const { cells } = await lab.client.matrix();
    const [found] = cells.flat().filter((cell) => cell !== null);
    const { cell } = await lab.client.cell(found?.id ?? '');
    expect(cell.badges).toEqual(expect.arrayContaining(['emulated', 'partial']));
    expect(cell.state).toBe('insufficient');
    expect(cell.quality).toMatchObject({ state: 'measured' });
    expect(cell.epTimeShare).toBeGreaterThan(0.5);
  });

  it('compile the recipe for the emulator; what was compiled is measured, brought here, and runs again', { timeout: 300_000 }, async () => {
    const recipe = join(lab.folder, 'compiled.json');
    const document = JSON.parse(await readFile(join(import.meta.dirname, '../../recipes', QNN_RECIPE), 'utf8'));
    document.passes.context = { type: 'EPContextBinaryGenerator' };
    await writeFile(recipe, JSON.stringify(document));
    const { jobId, tasks } = await submitted(recipe, ...quantizationSources(lab));
    const benchmark = tasks.find(({ kind }) => kind === 'benchmark');
    expect(benchmark).toMatchObject({ state: 'completed' });
    const { result } = await lab.client.task(benchmark?.taskId ?? '');
    if (result?.kind !== 'benchmark') throw new Error('no report');
    expect(result.report.compiled).toMatchObject({
      ep: 'QNNExecutionProvider',
      epVersion: '2.7.0',
      sdkVersion: expect.stringMatching(/^v?2\./),
    });
    expect(result.report.placement).toMatchObject({ fellBack: false, heavyNodes: expect.any(Number) });
    expect(result.report.quality).toMatchObject({ state: 'measured', passed: true });
    const out = join(lab.folder, 'pulled');
    expect(await lab.grove('pull', jobId, '--compiled', '--out', out)).toMatchObject({ code: 0 });
    const again = await submitted(join(out, 'model.onnx'), '--ep', 'QNNExecutionProvider');
    expect(again.tasks.map(({ state }) => state)).toEqual(['completed', 'completed']);
    const elsewhere = await lab.grove('submit', join(out, 'model.onnx'), '--ep', 'CPUExecutionProvider', '--tier', 'smoke', '--watch');
    expect(elsewhere.code).not.toBe(0);
    expect(elsewhere.out + elsewhere.err).toContain('failed/ep-bound-artifact');
  });
});

describe('grove bench on an execution provider of a package', () => {
  let lab: Lab;
  let model = '';
  const env = () => ({ GROVE_DATA: join(lab.folder, 'here') });

  beforeAll(async () => {
    lab = await Lab.open();
    for (const wheel of wheels) expect(await lab.start(['ep', 'add', join(WHEELS, wheel)], env()).finished).toMatchObject({ code: 0 });
    const out = join(lab.folder, 'out');
    const recipe = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_qdq_amd.json';
    const converted = await lab.grove('convert', recipe, ...quantizationSources(lab), '--out', out);
    expect(converted).toMatchObject({ code: 0 });
    model = join(out, 'model.onnx');
  }, 240_000);
  afterAll(() => lab.close());

  interface Bench {
    readonly placement: { readonly byEp: Readonly<Record<string, { readonly timeShare: number }>>; readonly fellBack: boolean };
  }

  async function bench(ep: string, device: string, more: Readonly<Record<string, string>> = {}): Promise<Bench> {
    const args = ['bench', model, '--ep', ep, '--device', device, '--launches', '1', '-o', 'json'];
    const { code, out, err } = await lab.start(args, { ...env(), ...more }).finished;
    if (code !== 0) throw new Error(err);
    return JSON.parse(out);
  }

  it('runs OpenVINO through a build of ONNX Runtime, on any x86 CPU', { timeout: 120_000 }, async () => {
    const { placement } = await bench('OpenVINOExecutionProvider', 'cpu');
    expect(placement.fellBack).toBe(false);
    expect(Object.keys(placement.byEp)).toContain('OpenVINOExecutionProvider');
  });

  it("runs OpenVINO's plug-in on an Intel CPU, and says elsewhere that it takes no other", { timeout: 120_000 }, async () => {
    const eps = { OpenVINOExecutionProvider: { package: 'openvino@1.8.1' } };
    const file = join(lab.folder, 'plugin.yaml');
    await writeFile(file, JSON.stringify({ agent: { eps, dataFolder: join(lab.folder, 'here', 'agent') } }));
    const run = bench('OpenVINOExecutionProvider', 'cpu', { GROVE_CONFIG: file });
    if (IS_INTEL) expect((await run).placement.fellBack).toBe(false);
    else await expect(run).rejects.toThrow(/Intel devices only/);
  });

  const onSwiftShader = existsSync(SWIFTSHADER.VK_DRIVER_FILES) ? it : undefined;
  onSwiftShader?.('runs WebGPU on SwiftShader', { timeout: 180_000 }, async () => {
    const { placement } = await bench('WebGpuExecutionProvider', 'gpu', SWIFTSHADER);
    expect(Object.keys(placement.byEp)).toContain('WebGpuExecutionProvider');
  });
});

/** Rows for both data configurations of the quantising recipes. */
function quantizationSources(lab: Lab): readonly string[] {
  const rows = ['quantization', 'evaluation'].flatMap((name) => ['--data', `${name}_data_config=${lab.rows}`]);
  return ['--model', lab.model, ...rows];
}
