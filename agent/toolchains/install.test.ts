import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Script, scriptedSpawner } from '../../platform/spawner.cases.ts';
import { type InstallRequest, installToolchain } from './install.ts';
import { assertUnchanged } from './prove.ts';
import { TOOLCHAIN_RECORD, Toolchains } from './toolchain-store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-toolchains-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const PYTHON = { out: ['{"file": "/usr/bin/python3", "version": [3, 12, 4], "able": true}'] };
const PROOF = JSON.stringify({
  python: '3.12.4',
  packages: { openvino: '2026.4.1', nncf: '3.4.0' },
  all: ['nncf==3.4.0', 'openvino==2026.4.1'],
});

/** A machine on which everything works, but for what a test replaces. */
function machine(replaced: Script = () => undefined): Script {
  return (request) => {
    const other = replaced(request);
    if (other !== undefined) return other;
    if (request.file === 'python3') return PYTHON;
    if (request.args.includes('venv') || request.args.includes('pip')) return {};
    return request.args.includes('-c') && request.file.includes('environment') ? { out: [PROOF] } : undefined;
  };
}

async function install(script: Script, request: Partial<InstallRequest> = {}, env: Record<string, string> = {}) {
  const spawner = scriptedSpawner(script);
  const ports = { spawner, env, signal: new AbortController().signal, log: () => {} };
  const toolchain = await installToolchain(new Toolchains(folder), { name: 'openvino', ...request }, ports);
  return { toolchain, started: spawner.started };
}

describe('grove toolchain install', () => {
  it('makes an environment, fetches and installs by digest, proves it and moves it into place', async () => {
    const { toolchain, started } = await install(machine());
    expect(toolchain).toMatchObject({ name: 'openvino', managed: true, pythonVersion: '3.12.4', packages: { openvino: '2026.4.1' } });
    expect(toolchain.id).toMatch(/^openvino-[0-9a-f]{12}$/);
    expect(await new Toolchains(folder).list()).toEqual([toolchain]);
    expect(await readdir(join(folder, 'toolchains'))).toEqual([toolchain.id]);
    const pip = started.filter(({ args }) => args.includes('pip')).map(({ args }) => args);
    expect(pip.map((args) => args.includes('download'))).toEqual([true, false]);
    expect(pip.every((args) => args.includes('--require-hashes'))).toBe(true);
  });

  it('is done when the same is there already', async () => {
    const { toolchain } = await install(machine());
    expect(await install(() => undefined)).toEqual({ toolchain, started: [] });
  });

  it('takes wheels from a folder without asking an index', async () => {
    const wheels = join(folder, 'wheels');
    await mkdir(wheels);
    const { started } = await install(machine(), { wheels });
    expect(started.some(({ args }) => args.includes('download'))).toBe(false);
    expect(started.at(-2)?.args).toEqual(expect.arrayContaining(['--no-index', '--find-links', wheels]));
  });

  it("keeps pip's own settings, and neither secrets nor what leads a Python astray", async () => {
    const { started } = await install(machine(), {}, { PIP_INDEX_URL: 'https://index', PYTHONPATH: '/x', GROVE_TOKEN: 't', HF_TOKEN: 't' });
    expect(started[1]?.env).toEqual({ PIP_INDEX_URL: 'https://index' });
  });

  it.each<[string, Script, string]>([
    ['no Python', ({ file }) => (file === 'python3' ? { code: 127 } : undefined), 'none was found'],
    [
      'another Python',
      ({ file }) => (file === 'python3' ? { out: ['{"file": "/p", "version": [3, 8, 1], "able": true}'] } : undefined),
      'found 3.8.1 (/p)',
    ],
    [
      'a Python without venv',
      ({ file }) => (file === 'python3' ? { out: ['{"file": "/p", "version": [3, 12, 1], "able": false}'] } : undefined),
      'apt install python3.12-venv',
    ],
    [
      'a wheel of another digest',
      pipSays(
        'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.',
        '    nncf==3.4.0 from file:///n.whl (from -r r.txt):',
      ),
      'not the pinned one: nncf==3.4.0',
    ],
    ['a missing wheel', pipSays('ERROR: No matching distribution found for nncf==3.4.0'), 'no wheel of nncf==3.4.0'],
    ['no network', pipSays('WARNING: Retrying after connection broken: Temporary failure in name resolution'), '--wheels'],
    [
      'packages that do not work',
      ({ args, file }) => (args.includes('-c') && file.includes('environment') ? { code: 1, err: ['ImportError: libx.so'] } : undefined),
      'ImportError: libx.so',
    ],
  ])('says what is in the way: %s', async (_what, replaced, problem) => {
    await expect(install(machine(replaced))).rejects.toMatchObject({ code: 'toolchain-failed', message: expect.stringContaining(problem) });
    expect((await readdir(join(folder, 'toolchains'))).filter((name) => !name.startsWith('.wheels'))).toEqual([]);
  });

  it('says that the disk is full', async () => {
    await expect(install(machine(pipSays('OSError: [Errno 28] No space left on device')))).rejects.toMatchObject({ code: 'low-disk' });
  });

  it('takes an environment of the operator as it is, and leaves it there when it is removed', async () => {
    const environment = join(folder, 'environment-of-mine');
    await mkdir(environment);
    await writeFile(join(environment, 'mine'), '');
    const { toolchain } = await install(machine(), { environment });
    expect(toolchain).toMatchObject({ managed: false, environment });
    const toolchains = new Toolchains(folder);
    expect(await toolchains.remove('openvino')).toEqual(toolchain);
    expect(await toolchains.list()).toEqual([]);
    expect(await readdir(environment)).toEqual(['mine']);
    await expect(toolchains.remove('openvino')).rejects.toMatchObject({ code: 'not-found' });
  });
});

function pipSays(...err: string[]): Script {
  return ({ args }) => (args.includes('pip') ? { code: 1, err } : undefined);
}

/** An environment that answers with other packages or another Python than {@link PROOF}. */
function changed(changes: object): Script {
  return machine(({ args, file }) =>
    args.includes('-c') && file.includes('environment') ? { out: [JSON.stringify({ ...JSON.parse(PROOF), ...changes })] } : undefined,
  );
}

describe('an environment of the operator', () => {
  const adopt = async (script: Script = machine(), name = 'environment-of-mine') => {
    const environment = join(folder, name);
    await mkdir(environment, { recursive: true });
    return (await install(script, { environment })).toolchain;
  };
  const ask = (toolchain: Awaited<ReturnType<typeof adopt>>, script: Script) =>
    assertUnchanged(toolchain, { spawner: scriptedSpawner(script), env: {}, signal: new AbortController().signal, log: () => {} });

  it('is used while its packages and its Python are the same, and refused afterwards', async () => {
    const toolchain = await adopt();
    await ask(toolchain, machine());
    const packages = changed({ all: ['nncf==3.4.0', 'numpy==1.0.0', 'openvino==2026.4.1'] });
    for (const script of [packages, changed({ python: '3.12.5' })]) {
      await expect(ask(toolchain, script)).rejects.toMatchObject({
        code: 'toolchain-failed',
        message: expect.stringContaining('grove toolchain install openvino --environment'),
      });
    }
  });

  it('is asked for its list alone before a conversion: imports take seconds', async () => {
    const toolchain = await adopt();
    await ask(
      toolchain,
      machine(({ args }) => (args.some((argument) => argument.includes('import_module(')) ? { code: 1, err: ['slow'] } : undefined)),
    );
  });

  it('that is gone is refused', async () => {
    await expect(ask(await adopt(), () => undefined)).rejects.toMatchObject({ code: 'toolchain-failed' });
  });

  it("leaves Grove's own environments unasked", async () => {
    const { toolchain } = await install(machine());
    await ask(toolchain, () => undefined);
  });

  it('comes behind the one that Grove installs, and among others the last one installed counts', async () => {
    const toolchains = new Toolchains(folder);
    const versions = ['3.12.1', '3.12.2', '3.12.3', '3.12.4'];
    for (const [index, python] of versions.entries()) {
      const { id } = await adopt(changed({ python }));
      await utimes(join(toolchains.folder, id, TOOLCHAIN_RECORD), index + 1, index + 1);
    }
    expect(await toolchains.named('openvino')).toMatchObject({ pythonVersion: '3.12.4' });
    const { toolchain } = await install(machine());
    expect(await toolchains.named('openvino')).toEqual(toolchain);
  });
});
