import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentPython } from '../../platform/python.ts';
import { runProgram } from '../../platform/run-program.ts';
import { createSpawner } from '../../platform/spawner.ts';
import { Lab } from '../support/lab.ts';

/** Where `npm run fetch:test-wheels` put them. */
const FETCHED = join(import.meta.dirname, '../../.grove');
const WHEELS = process.env['GROVE_TEST_WHEELS'] ?? join(FETCHED, 'test-wheels');
const TOOLCHAIN_WHEELS = process.env['GROVE_TEST_TOOLCHAIN_WHEELS'] ?? join(FETCHED, 'test-toolchain-wheels');
const IS_INTEL = /intel/i.test(cpus()[0]?.model ?? '');

if (!existsSync(TOOLCHAIN_WHEELS)) throw new Error(`${TOOLCHAIN_WHEELS} is not there: run \`npm run fetch:test-wheels\``);

const RECIPE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_context_ov_static.json';
/** The plug-in takes Intel devices only; the other build runs anywhere, and reads no model in OpenVINO's own form. */
const PACKAGE = IS_INTEL
  ? { id: 'openvino@1.8.1', wheel: /^onnxruntime_ep_openvino/ }
  : { id: 'openvino@1.24.1', wheel: /^onnxruntime_openvino/ };

interface Installed {
  readonly id: string;
  readonly environment: string;
}

/** OpenVINO's toolchain from a folder of wheels, and the catalogue's OpenVINO recipe with it. */
describe("OpenVINO's toolchain", () => {
  let lab: Lab;
  let data = '';
  let installed: Installed;

  beforeAll(async () => {
    lab = await Lab.open();
    data = join(lab.folder, 'lab-a');
    installed = await lab.json<Installed>('toolchain', 'install', 'openvino', '--wheels', TOOLCHAIN_WHEELS, '--data', data, '-o', 'json');
    await lab.startCoordinator();
  }, 240_000);
  afterAll(() => lab.close());

  const rows = () => ['--model', lab.model, '--data', `quantize_data_config=${lab.rows}:premise`];

  it('is whole, listed, and the same when it is installed again', async () => {
    const again = await lab.json<Installed>('toolchain', 'install', 'openvino', '--wheels', TOOLCHAIN_WHEELS, '--data', data, '-o', 'json');
    expect(again).toEqual(installed);
    const { toolchains } = await lab.json<{ toolchains: Installed[] }>('toolchain', 'list', '--data', data, '-o', 'json');
    expect(toolchains.map(({ id }) => id)).toEqual([installed.id]);
  });

  it('has processes that reach no network and end with their parent', async () => {
    const confined = join(import.meta.dirname, '../../engine/toolchain');
    const script = [
      'import sys, socket',
      `sys.path.insert(0, ${JSON.stringify(confined)})`,
      'import confined',
      'confined.refuse_network()',
      "try: socket.create_connection(('127.0.0.1', 9))",
      'except PermissionError as error: print(error, flush=True)',
      // Another parent than the one it is told has ended already.
      'confined.end_with(1)',
      "print('still here')",
    ];
    const request = {
      file: environmentPython(installed.environment),
      args: ['-I', '-B', '-c', script.join('\n')],
      cwd: lab.folder,
      env: {},
    };
    const end = await runProgram(createSpawner(), request, { signal: new AbortController().signal, onLine: () => {} });
    expect(end.stdout).toEqual([expect.stringContaining('has no network')]);
    expect(end.code).toBe(1);
  });

  it('refuses a wheel that is not the pinned one, and leaves nothing behind', async () => {
    const spoilt = join(lab.folder, 'spoilt');
    await mkdir(spoilt);
    for (const name of readdirSync(TOOLCHAIN_WHEELS)) {
      if (/^nncf-/.test(name)) await writeFile(join(spoilt, name), 'another wheel');
      else await symlink(join(TOOLCHAIN_WHEELS, name), join(spoilt, name));
    }
    const other = join(lab.folder, 'other');
    const { code, err } = await lab.grove('toolchain', 'install', 'openvino', '--wheels', spoilt, '--data', other);
    expect(code).not.toBe(0);
    expect(err).toMatch(/toolchain-failed/);
    expect(await readdir(join(other, 'toolchains'))).toEqual([]);
  });

  it('is what the recipe ends for as unsupported while no machine has it', async () => {
    const { out } = await lab.grove('submit', RECIPE, ...rows(), '--substitute-device', 'cpu', '--wait-for-device', '--dry-run');
    expect(out).toContain("without OpenVINO's toolchain");
  });

  it('converts the recipe on the machine that has it, verified by OpenVINO; the benchmark runs on the CPU, or says why not', {
    timeout: 300_000,
  }, async () => {
    const wheel = readdirSync(WHEELS).find((name) => PACKAGE.wheel.test(name)) ?? '';
    const copied = join(lab.folder, wheel);
    await copyFile(join(WHEELS, wheel), copied);
    expect(await lab.grove('ep', 'add', copied, '--data', data)).toMatchObject({ code: 0 });
    await lab.startAgent('lab-a', { config: { eps: { OpenVINOExecutionProvider: { package: PACKAGE.id } } } });
    const { devices } = await lab.client.agent('lab-a');
    expect(devices[0]?.profile.toolchains).toEqual(['openvino', installed.id]);
    const submitted = await lab.grove(
      'submit',
      RECIPE,
      ...rows(),
      '--substitute-device',
      'cpu',
      '--tier',
      'smoke',
      '--launches',
      '1',
      '--watch',
    );
    const [job] = (await lab.client.jobs()).jobs;
    const { tasks } = await lab.client.job(job?.jobId ?? '');
    expect(tasks.find(({ kind }) => kind === 'convert')).toMatchObject({ state: 'completed' });
    const { cells } = await lab.client.matrix();
    const [found] = cells.flat().filter((cell) => cell !== null);
    const { cell } = await lab.client.cell(found?.id ?? '');
    expect(cell.badges).toContain('substituted');
    if (IS_INTEL) expect(submitted).toMatchObject({ code: 0 });
    else expect(cell).toMatchObject({ state: 'exception', reason: expect.stringContaining("brings no reader for OpenVINO's own form") });
  });

  it('converts here too, and the result computes what the float model computes', { timeout: 300_000 }, async () => {
    const out = join(lab.folder, 'out');
    const env = { GROVE_DATA: '', GROVE_CONFIG: join(lab.folder, 'here.yaml') };
    await writeFile(env.GROVE_CONFIG, JSON.stringify({ agent: { dataFolder: data } }));
    const { code, out: printed, err } = await lab.start(['convert', RECIPE, ...rows(), '--out', out, '-o', 'json'], env).finished;
    if (code !== 0) throw new Error(err);
    const { passes } = JSON.parse(printed);
    expect(passes.at(-1)).toMatchObject({ type: 'OpenVINOEncapsulation', counts: { verifiedRows: expect.any(Number) } });
    expect(passes.at(-1).counts.cosine).toBeGreaterThan(0.95);
    expect(await readdir(out)).toEqual(expect.arrayContaining(['model.bin', 'model.onnx', 'model.xml']));
  });

  it('is gone when it is removed', async () => {
    expect(await lab.grove('toolchain', 'remove', 'openvino', '--data', data)).toMatchObject({ code: 0 });
    expect(existsSync(installed.environment)).toBe(false);
  });
});
