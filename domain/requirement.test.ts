import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../platform/sha256.ts';
import { deviceOf } from '../test/farm/devices.ts';
import { normalizeRequirement, type Requirement, refusals, requirementDigest } from './requirement.ts';
import { parseCondition, parseSelector } from './selector/parse.ts';

const REQUIREMENT: Requirement = {
  kind: 'benchmark',
  ep: 'CPUExecutionProvider',
  deviceClass: 'cpu',
  toolchains: [],
  capabilities: [],
  labels: {},
  minMemoryBytes: 0,
  exclusivity: 'exclusive',
};

const CONDITIONS = ['pool=night', 'label.pool=night', 'driver>=3', 'class in (cpu, gpu)', '!firmware', 'rack not in (a, b)'].map(
  parseCondition,
);

describe('equal requirements', () => {
  it('have equal digests whatever the order and repetition of their conditions and sets', () => {
    const subset = fc.subarray(CONDITIONS);
    const pair = subset.chain((where) =>
      fc.tuple(fc.constant(where), fc.shuffledSubarray([...where, ...where], { minLength: where.length * 2 })),
    );
    fc.assert(
      fc.property(pair, ([where, other]) => {
        const a = { ...REQUIREMENT, toolchains: ['a', 'b'], where };
        const b = { ...REQUIREMENT, toolchains: ['b', 'a', 'b'], where: other };
        expect(requirementDigest(a, sha256)).toBe(requirementDigest(b, sha256));
      }),
    );
  });

  it('have one place for the value of a label', () => {
    const asLabel = normalizeRequirement({ ...REQUIREMENT, labels: { pool: 'night' } });
    expect(normalizeRequirement({ ...REQUIREMENT, where: parseSelector('pool=night') })).toEqual(asLabel);
    expect(normalizeRequirement({ ...REQUIREMENT, where: [] })).toEqual(REQUIREMENT);
  });
});

describe('a requirement', () => {
  it('is refused with one line per label and condition that the device does not meet', () => {
    const need = normalizeRequirement({ ...REQUIREMENT, where: parseSelector('pool=night; rack=b; os=linux; ep.QNN>=2; arch!=x64') });
    expect(refusals(need, deviceOf('lab/cpu0').profile).map(({ checker }) => checker)).toContain('where');
    expect(refusals(need, deviceOf('lab/cpu0').profile).filter(({ checker }) => checker === 'labels')).toHaveLength(2);
  });

  it('that asks for two values of one label is refused by every device', () => {
    const need = normalizeRequirement({ ...REQUIREMENT, where: parseSelector('pool=night; pool=day') });
    const pools = ['night', 'day'].map((pool) => deviceOf('lab/cpu0', { labels: { pool } }).profile);
    expect(pools.map((profile) => refusals(need, profile).length)).toEqual([1, 1]);
  });
});
