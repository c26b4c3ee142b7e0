import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { MinimalRoot } from './minimal-root.ts';

const run = promisify(execFile);

/** Where `npm run test:packages` has put what it built. */
const PACKAGES = join(import.meta.dirname, '../../.grove/test-packages');
const RECIPE = join(import.meta.dirname, '../../recipes/ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json');
const PATIENCE_MS = 300_000;

const nameOf = async (pattern: RegExp) => {
  const name = (await readdir(PACKAGES)).find((file) => pattern.test(file));
  return name ?? expect.fail(`npm run package has built nothing like ${pattern}`);
};

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'grove-packages-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

it('comes with the digests of what was built', async () => {
  const lines = (await readFile(join(PACKAGES, 'SHA256SUMS'), 'utf8')).trim().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(2);
  for (const line of lines) {
    const [digest, name = ''] = line.split('  ');
    const actual = createHash('sha256').update(await readFile(join(PACKAGES, name)));
    expect(actual.digest('hex')).toBe(digest);
  }
});

describe('the archive, on a machine with nothing', () => {
  let root: MinimalRoot;
  let grove: string;
  beforeAll(async () => {
    root = await MinimalRoot.make(join(scratch, 'root'));
    const name = await nameOf(/linux-x64\.tar\.gz$/);
    await extract({ file: join(PACKAGES, name), cwd: root.outside('opt') });
    grove = `/opt/${name.replace('.tar.gz', '')}/grove`;
    await writeCheckpoint(root.outside('srv/model'));
    await cp(RECIPE, root.outside('srv/recipe.json'));
  }, PATIENCE_MS);

  it('has no Node, npm or Python to fall back on', async () => {
    for (const command of ['node', 'npm', 'python3']) expect((await root.run('which', command)).code).not.toBe(0);
  });

  it('carries only libraries of its platform', async () => {
    const runtimes = root.outside(`${grove.replace(/grove$/, 'app')}/node_modules/onnxruntime-node/bin/napi-v6`);
    expect(await readdir(runtimes)).toEqual(['linux']);
    expect(await readdir(join(runtimes, 'linux'))).toEqual(['x64']);
  });

  it('runs from wherever it is linked to', async () => {
    await mkdir(root.outside('usr/local/bin'), { recursive: true });
    expect((await root.run('ln', '-s', grove, '/usr/local/bin/grove')).code).toBe(0);
    expect(await root.run('/usr/local/bin/grove', '--version')).toMatchObject({ code: 0, err: '' });
  });

  it('finds the processor and its execution provider', async () => {
    const { out, err } = await root.run(grove, 'agent', 'doctor', '-o', 'json');
    expect(err + out).toContain('CPUExecutionProvider');
  });

  it('converts a checkpoint and measures the result', async () => {
    const converted = await root.run(grove, 'convert', '/srv/recipe.json', '--model', '/srv/model', '--out', '/srv/converted');
    expect(converted).toMatchObject({ code: 0 });
    expect((await stat(root.outside('srv/converted/model.onnx'))).size).toBeGreaterThan(1_000);
    const args = ['--ep', 'CPUExecutionProvider', '--tier', 'smoke', '--launches', '1', '-o', 'json'];
    const measured = await root.run(grove, 'bench', '/srv/converted/model.onnx', ...args);
    expect(measured).toMatchObject({ code: 0 });
    expect(JSON.parse(measured.out)).toMatchObject({ ep: 'CPUExecutionProvider', launches: [{}] });
  });
});

describe('the npm package', () => {
  it('installs globally with scripts allowed, and fetches no libraries', async () => {
    const prefix = join(scratch, 'global');
    const file = join(PACKAGES, await nameOf(/^grove-[\d.]+\.tgz$/));
    const npm = ['install', '--global', '--prefix', prefix, '--ignore-scripts=false', '--no-audit', '--no-fund', file];
    await run('npm', npm, { cwd: scratch, timeout: PATIENCE_MS });
    const installed = join(prefix, 'lib/node_modules/grove');
    const { stdout } = await run(join(prefix, 'bin/grove'), ['recipe', 'list', '--help'], { cwd: scratch });
    expect(stdout).toContain('Usage');
    const runtime = join(installed, 'node_modules/onnxruntime-node');
    expect(JSON.parse(await readFile(join(runtime, 'package.json'), 'utf8')).scripts).toBeUndefined();
    expect((await readdir(join(runtime, 'bin/napi-v6/linux/x64'))).filter((name) => name.includes('cuda'))).toEqual([]);
    const bench = ['bench', '--help'];
    expect((await run(join(prefix, 'bin/grove'), bench, { cwd: scratch })).stdout).toContain('--ep');
  });
});
