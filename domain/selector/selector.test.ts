import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceOf } from '../../test/farm/devices.ts';
import type { DeviceProfile } from '../device.ts';
import { GroveError } from '../errors.ts';
import { compareVersions } from './compare-versions.ts';
import { type Condition, canonicalSelector, conditionSchema, selectorOf } from './condition.ts';
import { formatCondition, formatSelector } from './format.ts';
import { refuseCondition } from './match.ts';
import { parseCondition, parseSelector } from './parse.ts';

const PROFILE: DeviceProfile = {
  ...deviceOf('lab-1/npu0').profile,
  class: 'npu',
  model: 'AMD Ryzen AI 9 HX 370 NPU',
  driver: '32.0.203.240',
  firmware: null,
  memoryBytes: 16 * 1024 ** 3,
  emulated: false,
  eps: [{ name: 'QNNExecutionProvider', version: '2.31.0', libraryDigest: null }],
  toolchains: ['olive', 'openvino'],
  labels: { pool: 'night', rack: 'b-7' },
  unknown: { firmware: 'no-permission' },
};

function refusalOf(text: string): string | undefined {
  return refuseCondition(parseCondition(text), PROFILE);
}

function problemOf(text: string): string {
  try {
    parseCondition(text);
  } catch (error) {
    if (error instanceof GroveError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing thrown';
}

describe('a condition', () => {
  it.each([
    'class=npu',
    'class in (npu, gpu)',
    'model=AMD Ryzen AI 9 HX 370 NPU',
    'driver>=32.0.203',
    'driver>=32.0.203.240',
    'driver<=32.1',
    'driver!=31.0',
    'driver',
    '!firmware',
    'firmware!=1.0',
    'firmware not in (1.0, 1.1)',
    'memory>=16GiB',
    'memoryBytes=17179869184',
    'memory<=17.2GB',
    'emulated=false',
    'ep=QNN',
    'ep.QNN>=2.9',
    'ep.QNNExecutionProvider',
    '!ep.VitisAI',
    'toolchain=openvino',
    'toolchain in (nothing, olive)',
    'pool=night',
    'label.pool in (night, weekend)',
    'rack!=c-1',
    '!owner',
  ])('%s holds', (text) => {
    expect(refusalOf(text)).toBeUndefined();
  });

  it.each([
    ['class=gpu', 'has class npu; class=gpu is asked for'],
    ['driver>=32.0.204', 'has driver 32.0.203.240; driver>=32.0.204 is asked for'],
    ['firmware>=1', 'has no firmware (no-permission); firmware>=1 is asked for'],
    ['!driver', 'has driver 32.0.203.240; !driver is asked for'],
    ['memory>=16.1GiB', 'has memoryBytes 17179869184; memoryBytes>=17287243366 is asked for'],
    ['emulated=true', 'has emulated false; emulated=true is asked for'],
    ['ep.QNN>=2.32', 'has ep.QNNExecutionProvider 2.31.0; ep.QNNExecutionProvider>=2.32 is asked for'],
    ['toolchain!=olive', 'has toolchain olive, openvino; toolchain!=olive is asked for'],
    ['pool not in (night, day)', 'has label.pool night; label.pool not in (day, night) is asked for'],
    ['owner=ada', 'has no label.owner; label.owner=ada is asked for'],
  ])('%s is refused in one line', (text, line) => {
    expect(refusalOf(text)).toBe(line);
  });

  it.each([
    ['', /column 1: a key is expected: class, model, driver/],
    ['driver > 3', /column 8: one of =, !=, >=, <=, in/],
    ['pool in night', /column 9: "\(" is expected/],
    ['pool in (night, )', /column 17: a value is expected/],
    ['pool in (night', /column 15: "," or "\)" is expected/],
    ['pool in (night) x', /column 17: nothing more is expected/],
    ['!pool=night', /column 6: the end is expected/],
    ['pool="night', /column 6: a closing quote is missing/],
    ['pool="night" x', /column 14: nothing more/],
    ['class=tpu', /"tpu" is none of cpu, gpu, npu/],
    ['emulated', /every device has emulated: say which, as in emulated=true/],
    ['emulated=yes', /"yes" is none of true, false/],
    ['model>=3', /model has no order/],
    ['memory>=lots', /"lots" is no number of bytes/],
    ['driver>=new', /"new" is no version/],
    ['ep=Q NN', /no execution provider/],
    ['label.=x', /is no field of a device/],
    [`pool in (${Array.from({ length: 65 }, (_, index) => index).join(',')})`, /65 values; at most 64/],
    [`pool=${'x'.repeat(301)}`, /a value is longer than 300/],
    [`pool=${'x'.repeat(9_000)}`, /longer than 8000/],
  ])('%s is refused, saying where and what is allowed', (text, problem) => {
    expect(problemOf(text)).toMatch(/^invalid-argument: /);
    expect(problemOf(text)).toMatch(problem);
  });
});

describe('selectors', () => {
  const value = fc.oneof(
    fc.constantFrom('night', 'a b', 'x, y', '"q"', '', '1.20.0', '(p)', 'a=b', 'a;b', ' lead'),
    fc.string({ maxLength: 12 }),
  );
  const condition: fc.Arbitrary<Condition> = fc
    .record({
      key: fc.constantFrom(
        'driver',
        'model',
        'label.pool',
        'label.in',
        'label.not',
        'label.class',
        'sku',
        'ep.QNNExecutionProvider',
        'toolchain',
      ),
      op: fc.constantFrom('=', '!=', 'in', 'not in', 'exists', 'absent', '>=', '<=' as const),
      values: fc.array(value, { minLength: 0, maxLength: 4 }),
    })
    .map((made): unknown => ({ ...made, values: made.op === 'in' || made.op === 'not in' ? made.values : made.values.slice(0, 1) }))
    .filter((made): made is Condition => conditionSchema.safeParse(made).success)
    .map((made) => canonicalSelector([made])[0] ?? made);

  it('are read back from their text', () => {
    fc.assert(
      fc.property(condition, (made) => {
        expect(parseCondition(formatCondition(made))).toEqual(made);
      }),
    );
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 6 }), (made) => {
        const canonical = canonicalSelector(made);
        expect(parseSelector(formatSelector(canonical))).toEqual(canonical);
      }),
    );
  });

  it('have one form, whatever the order and repetition', () => {
    const shuffled = fc
      .array(condition, { maxLength: 6 })
      .chain((made) => fc.tuple(fc.constant(made), fc.shuffledSubarray([...made, ...made], { minLength: made.length * 2 })));
    fc.assert(
      fc.property(shuffled, ([made, other]) => {
        expect(canonicalSelector(other)).toEqual(canonicalSelector(made));
      }),
    );
    expect(parseSelector('pool in (b, a, b); pool in (a)')).toEqual(parseSelector('pool=a;pool in (a,b)'));
  });

  it('take the labels of earlier documents, also those named like a field', () => {
    expect(selectorOf({ pool: 'night', class: 'loud' })).toEqual(parseSelector('label.class=loud; pool=night'));
  });

  it('are never judged by a field this version does not know', () => {
    expect(refuseCondition({ key: 'colour', op: '=', values: ['red'] }, PROFILE)).toMatch(/^cannot be judged/);
  });
});

describe('versions', () => {
  it.each([
    ['1.9', '1.10'],
    ['1.20.0-rc1', '1.20.0'],
    ['32.0.15.6603', '32.0.203.240'],
    ['9007199254740993', '9007199254740994'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
  });

  it('are ordered totally, with zeros that change nothing', () => {
    const text = fc.stringMatching(/^\d{1,3}(\.\d{1,3}){0,3}(-rc\d)?$/);
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
      }),
    );
    expect(compareVersions('1.20', 'v1.20.0')).toBe(0);
  });
});
