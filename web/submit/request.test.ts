import { describe, expect, it } from 'vitest';
import { submitRequestSchema } from '../../api/submit.ts';
import { EMPTY_FORM, requestOf } from './request.ts';

describe('the request of a submit form', () => {
  it('says only what was chosen', () => {
    expect(requestOf({ ...EMPTY_FORM, recipes: ['a/b.json'] })).toEqual({
      recipes: [{ catalogueId: 'a/b.json' }],
      on: 'each-device-model',
      tier: 'standard',
      priority: 'interactive',
    });
  });

  it('is one that the farm takes, with everything chosen', () => {
    const form = {
      ...EMPTY_FORM,
      recipes: ['a'],
      modelId: ' org/name ',
      device: 'lab-1/npu0',
      where: 'driver>=32\n\n pool=night',
      substituteCpu: true,
      waitForDevice: true,
    };
    const request = requestOf(form);
    expect(submitRequestSchema.parse(request)).toEqual(request);
    expect(request).toMatchObject({
      on: { units: ['lab-1/npu0'] },
      where: ['driver>=32', 'pool=night'],
      substituteEp: 'cpu',
      model: { modelId: 'org/name' },
    });
  });
});
