import { expect, it } from 'vitest';
import { type Answer, scriptedWorker } from './worker.cases.ts';

const DESCRIPTION = {
  version: '1',
  inputs: [{ name: 'x', type: 'f32', dims: [1] }],
  outputs: [{ name: 'y', type: 'f32', dims: [1] }],
  operations: 2,
  quantizers: 0,
};

function convert(answer: Answer, requests?: number) {
  const progress: number[] = [];
  const call = scriptedWorker('/', answer, requests).call(
    'convert',
    { model: 'm.onnx', out: 'm.xml', shapes: null, compress: true },
    { pass: 'OpenVINOConversion', onProgress: (fraction) => progress.push(fraction) },
  );
  return { call, progress };
}

it('gives what the process answers, checked', async () => {
  await expect(convert(() => DESCRIPTION).call).resolves.toEqual(DESCRIPTION);
  await expect(convert(() => ({ version: '1' })).call).rejects.toMatchObject({ code: 'child-crashed' });
});

it('blames the pass for what a library refuses', async () => {
  const { call } = convert(({ id }) => JSON.stringify({ id, type: 'error', problem: 'RuntimeError: no such operator' }));
  await expect(call).rejects.toMatchObject({
    code: 'pass-failed',
    message: expect.stringContaining('OpenVINOConversion failed: RuntimeError: no such operator'),
  });
});

it.each([
  ['ends', () => '', 0],
  ['answers another request', ({ id }: { id: number }) => JSON.stringify({ id: id + 1, type: 'result', value: DESCRIPTION }), 9],
  ['prints something else', () => 'hello', 9],
])('counts a process as broken that %s', async (_what, answer, requests) => {
  await expect(convert(answer, requests).call).rejects.toMatchObject({ code: 'child-crashed' });
});
