import type { SubmitRequest } from '../../api/submit.ts';

export const COVERAGES = [
  ['each-device-model', 'one device of each model'],
  ['each-device', 'every device'],
  ['any', 'any one device'],
] as const;
export const TIERS = ['smoke', 'standard', 'ranked'] as const;
export const PRIORITIES = ['urgent', 'interactive', 'sweep'] as const;

/** What the form holds: texts as they are typed. */
export interface SubmitForm {
  readonly recipes: readonly string[];
  /** Empty: the model that the recipes name. */
  readonly modelId: string;
  readonly on: (typeof COVERAGES)[number][0];
  /** A device's name; in place of `on` when given. */
  readonly device: string;
  /** Conditions, one a line. */
  readonly where: string;
  readonly tier: (typeof TIERS)[number];
  readonly priority: (typeof PRIORITIES)[number];
  readonly substituteCpu: boolean;
  readonly waitForDevice: boolean;
}

export const EMPTY_FORM: SubmitForm = {
  recipes: [],
  modelId: '',
  on: 'each-device-model',
  device: '',
  where: '',
  tier: 'standard',
  priority: 'interactive',
  substituteCpu: false,
  waitForDevice: false,
};

/** The request that a form stands for. */
export function requestOf(form: SubmitForm): SubmitRequest {
  const where = form.where
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const modelId = form.modelId.trim();
  return {
    recipes: form.recipes.map((catalogueId) => ({ catalogueId })),
    on: form.device === '' ? form.on : { units: [form.device] },
    tier: form.tier,
    priority: form.priority,
    ...(modelId !== '' && { model: { kind: 'hub', modelId } }),
    ...(where.length > 0 && { where }),
    ...(form.substituteCpu && { substituteEp: 'cpu' }),
    ...(form.waitForDevice && { waitForDevice: true }),
  };
}
