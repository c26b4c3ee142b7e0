import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCreateBundle } from '../../cli/bundle/create-bundle.ts';
import { runVerifyBundle } from '../../cli/bundle/run-verify.ts';
import { verifyBundle } from '../../cli/bundle/verify-bundle.ts';
import { RecordingTerminal } from '../../cli/terminal.cases.ts';
import { evidenceConversionSchema, evidenceEnvironmentSchema, evidenceResultSchema } from '../../domain/evidence.ts';
import type { Blob, FileMap } from '../../domain/manifest.ts';
import { newTask, TRANSFER_FAILED } from '../conformance/task-store/documents.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';
import { SAMPLE_REPORT } from './sample-matrix.ts';

const KEY = 'e'.repeat(64);
const CONVERSION = `c-${KEY}`;

let server: FarmServer;
let model: Blob;

beforeEach(async () => {
  server = await startFarmServer();
  model = await server.artifacts.put(Buffer.from('the graph'.repeat(10_000)));
  await measure();
});
afterEach(() => server.close());

/** A conversion and the benchmark of its model, both with logs. */
async function measure(): Promise<void> {
  const { farm, artifacts, logs } = server;
  const benchmark = newTask('b-1', 'benchmark', { needs: [CONVERSION] });
  const spec = { ...benchmark.spec, conversionKey: KEY };
  await farm.submit([newTask(CONVERSION, 'convert'), { ...benchmark, spec } as typeof benchmark]);
  await farm.hello('lab');
  const put = async (path: string, text: string): Promise<FileMap> => ({ [path]: await artifacts.put(Buffer.from(text)) });
  const converting = await farm.run('lab');
  logs.append(CONVERSION, 1, { sequence: 0, text: 'pass 1\n' });
  const result = {
    kind: 'convert',
    artifact: { schemaVersion: 1, files: { 'model.onnx': model } },
    reference: {
      schemaVersion: 1,
      key: 'c'.repeat(64),
      files: { ...(await put('rows.json', '[]')), ...(await put('export/model.onnx', 'fp32')) },
    },
    report: {
      ...{ schemaVersion: 2 as const, engineVersion: '1', ortLibraryDigest: 'f'.repeat(64), durationMs: 1, rssPeakBytes: 1 },
      ...{ sourceBytes: 1, resultBytes: 1, passes: [], findings: [], producer: { agentId: 'lab', profileDigest: 'f'.repeat(64) } },
    },
  } as const;
  await farm.complete(converting, { state: 'completed', result });
  const measuring = await farm.run('lab');
  logs.append('b-1', 1, { sequence: 0, text: 'launch 1\n' });
  const samples = await put('samples/launch-0.f64', '8 bytes!');
  await farm.complete(measuring, { state: 'completed', result: { kind: 'benchmark', report: { ...SAMPLE_REPORT, artifacts: samples } } });
  for (const taskId of [CONVERSION, 'b-1']) logs.end(taskId, 1);
}

async function create(result: string, options: { readonly model?: boolean; readonly overwrite?: true } = {}) {
  const terminal = new RecordingTerminal();
  const file = join(server.folder, 'evidence.tar');
  const context = { terminal, interrupted: new AbortController().signal };
  await runCreateBundle(server.client, result, { options: { output: 'table', out: file, model: true, ...options }, context });
  return { file, terminal };
}

/** Reads a member with another program than ours. */
const member = (file: string, name: string): string => execFileSync('tar', ['-xOf', file, name], { encoding: 'utf8' });

describe('the evidence of a result', () => {
  it('is an archive that other programs read, with all it came from', async () => {
    const { file, terminal } = await create('b-1');
    const { manifest, problems } = await verifyBundle(file, (await server.client.farmKey()).publicKey);
    expect(problems).toEqual([]);
    const listed = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n');
    expect(listed).toEqual([
      ...['manifest.json', 'signature.json', 'recipe.json', 'result.json', 'conversion.json', 'environment.json'],
      ...['logs/convert.log', 'logs/benchmark.log', 'artifacts/samples/launch-0.f64', 'model/model.onnx'],
      ...['reference/export/model.onnx', 'reference/rows.json'],
    ]);
    expect(manifest?.leftOut).toEqual([]);
    expect(member(file, 'logs/benchmark.log')).toBe('launch 1\n');
    expect(member(file, 'model/model.onnx')).toHaveLength(model.sizeBytes);
    expect(evidenceResultSchema.parse(JSON.parse(member(file, 'result.json')))).toMatchObject({
      taskId: 'b-1',
      report: { p50Ms: { value: 31.94 } },
    });
    const conversion = evidenceConversionSchema.parse(JSON.parse(member(file, 'conversion.json')));
    expect(conversion).toMatchObject({ taskId: CONVERSION, result: { artifact: { files: { 'model.onnx': model } } } });
    const environment = evidenceEnvironmentSchema.parse(JSON.parse(member(file, 'environment.json')));
    expect(environment).toMatchObject({
      environmentId: SAMPLE_REPORT.environmentId,
      device: { name: 'lab/cpu0', host: { hostName: 'host-lab' } },
    });
    expect(terminal.written).toMatch(/the evidence of b-1, [\d.]+ kB, 10 members, signed by [0-9a-f]{16}/);
  });

  it('carries no secret of a lease', async () => {
    const { file } = await create('b-1');
    const tokens = (await server.farm.store.task('b-1'))?.attempts.map(({ token }) => token) ?? [];
    const text = (await readFile(file)).toString('latin1');
    expect(tokens).toHaveLength(1);
    for (const token of tokens) expect(text).not.toContain(token);
  });

  it('is the same bytes each time', async () => {
    const first = await readFile((await create('b-1')).file);
    expect((await readFile((await create('b-1', { overwrite: true })).file)).equals(first)).toBe(true);
  });

  it('without the model names what is missing by its digest', async () => {
    const { file, terminal } = await create('b-1', { model: false });
    const { manifest, problems } = await verifyBundle(file);
    expect(problems).toEqual([]);
    expect(manifest?.leftOut).toMatchObject([
      { path: 'model/model.onnx', ...model, why: 'asked' },
      { path: 'reference/export/model.onnx', why: 'asked' },
    ]);
    expect(terminal.written).toContain('2 left out');
    const verified = new RecordingTerminal();
    await runVerifyBundle(file, { output: 'table' }, { terminal: verified, exit: () => {} });
    expect(verified.written).toContain(`left out: model/model.onnx (asked for), SHA-256 ${model.sha256}`);
  });

  it('says what the farm does not store any more', async () => {
    await server.farm.submit([newTask('b-2')]);
    const held = await server.farm.run('lab');
    const report = { ...SAMPLE_REPORT, artifacts: { 'profile.json': { sha256: 'a'.repeat(64), sizeBytes: 3 } } };
    await server.farm.complete(held, { state: 'completed', result: { kind: 'benchmark', report } });
    const { manifest } = await verifyBundle((await create('b-2')).file);
    expect(manifest?.leftOut).toEqual([{ path: 'artifacts/profile.json', sha256: 'a'.repeat(64), sizeBytes: 3, why: 'not-stored' }]);
  });

  it('exists for a benchmark that failed, too', async () => {
    await server.farm.submit([newTask('b-2', 'benchmark', { maxAttempts: 1 })]);
    await server.farm.complete(await server.farm.run('lab'), { state: 'exception', error: TRANSFER_FAILED });
    const { file } = await create('b-2');
    expect(evidenceResultSchema.parse(JSON.parse(member(file, 'result.json')))).toMatchObject({
      state: 'exception',
      error: { code: 'transfer-failed' },
      report: null,
    });
  });

  it('is refused for what has not ended, is no benchmark, or is not there', async () => {
    await server.farm.submit([newTask('b-2')]);
    expect(await codeOf(create('b-2'))).toBe('invalid-request');
    expect(await codeOf(create(CONVERSION))).toBe('invalid-request');
    expect(await codeOf(create('b-3'))).toBe('not-found');
    expect(await readdir(server.folder)).not.toContain('evidence.tar.part');
  });

  it('replaces another file only when told to', async () => {
    const { file } = await create('b-1');
    expect(await codeOf(create('b-1'))).toBe('invalid-argument');
    expect((await verifyBundle(file)).problems).toEqual([]);
  });

  it('breaks off when the store gives other bytes than were measured, and leaves no file', async () => {
    const path = join(server.folder, 'artifacts', 'sha256', model.sha256.slice(0, 2), model.sha256.slice(2));
    await chmod(path, 0o600);
    await writeFile(path, 'the graph'.repeat(10_000).toUpperCase());
    await expect(create('b-1')).rejects.toThrow();
    expect(await readdir(server.folder)).not.toContain('evidence.tar');
  });
});

it('the farm shows one key, in two spellings', async () => {
  const key = await server.client.farmKey();
  expect(key).toMatchObject({
    algorithm: 'ed25519',
    keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
    pem: expect.stringContaining('PUBLIC KEY'),
  });
  expect(await server.client.farmKey()).toEqual(key);
  expect(await readFile(join(server.folder, 'farm-key.pem'), 'utf8')).not.toContain(key.publicKey);
});
