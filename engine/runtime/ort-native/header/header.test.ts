import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ORT_API_VERSION, ORT_FUNCTIONS } from '../ort-functions.ts';
import { apiFunctions, apiVersion } from './api-struct.ts';
import { prototypeOf } from './prototype.ts';
import { renderTable } from './render.ts';

const extract = readFileSync(join(import.meta.dirname, 'ort-api.h'), 'utf8');

describe('the function table', () => {
  it('is what the generator makes of the extract', () => {
    const table = readFileSync(join(import.meta.dirname, '..', 'ort-functions.ts'), 'utf8');
    expect(renderTable(apiFunctions(extract), apiVersion(extract))).toBe(table);
  });

  it("has the slots that ONNX Runtime's own source asserts", () => {
    const asserted = { CreateStatus: 0, RunOptionsSetTerminate: 46, GetStringTensorElement: 128, SetGlobalSpinControl: 149 };
    const plugin = { RegisterExecutionProviderLibrary: 301, SessionOptionsAppendExecutionProvider_V2: 304, GetEpApi: 317 };
    for (const [name, slot] of Object.entries({ ...asserted, ...plugin, CreateEnv: 3, Session_GetEpGraphAssignmentInfo: 407 }))
      expect([name, Object.entries(ORT_FUNCTIONS).find(([key]) => key === name)?.[1][0]]).toEqual([name, slot]);
  });

  it('numbers every slot once, with versions that never fall', () => {
    const rows = Object.values(ORT_FUNCTIONS);
    expect(rows.map(([slot]) => slot)).toEqual(rows.map((_, index) => index));
    expect(rows.map(([, since]) => since)).toEqual(rows.map(([, since]) => since).toSorted((a, b) => a - b));
    expect(Math.max(...rows.map(([, since]) => since))).toBe(ORT_API_VERSION);
  });
});

describe('a prototype', () => {
  const prototypeFrom = (declaration: string) => prototypeOf({ name: 'F', since: 1, declaration });

  it('marks what a function writes and makes objects pointers', () => {
    expect(prototypeFrom('ORT_API2_STATUS(F, _In_ const OrtEnv* env, _Outptr_ OrtSession** out)')).toBe('void *F(void *, _Out_ void **)');
    expect(prototypeFrom('ORT_API2_STATUS(F, _In_reads_(n) const char* const* keys, size_t n)')).toBe('void *F(const char **, size_t)');
    expect(prototypeFrom('ORT_API2_STATUS(F, _Out_writes_all_(n) const char* names[], size_t n)')).toBe('void *F(_Out_ void **, size_t)');
  });

  it('knows every form of declaration', () => {
    expect(prototypeFrom('ORT_CLASS_RELEASE(Env)')).toBe('void F(void *)');
    expect(prototypeFrom('ORT_API_T(uint32_t, F, _In_ const OrtMemoryInfo* ptr)')).toBe('uint32_t F(void *)');
    expect(prototypeFrom('const char*(ORT_API_CALL* F)(void)')).toBe('const char *F()');
    expect(() => prototypeFrom('int f(int)')).toThrow('unknown form');
  });
});
