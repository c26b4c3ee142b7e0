import type { DeviceProfile } from '../device.ts';
import { compareVersions } from './compare-versions.ts';
import type { Condition } from './condition.ts';
import { type Field, fieldOf } from './fields.ts';
import { formatCondition } from './format.ts';

/** Why a device does not meet a condition, in one line; undefined when it does. */
export function refuseCondition(condition: Condition, profile: DeviceProfile): string | undefined {
  const field = fieldOf(condition.key);
  // A document of a later version: nobody here can say that the device has what it asks for.
  if (typeof field === 'string') return `cannot be judged: ${field}`;
  const has = field.values(profile);
  if (holds(condition, has, field.kind)) return undefined;
  const shown = has.length === 0 ? `no ${condition.key}${whyUnknown(condition.key, profile)}` : `${condition.key} ${has.join(', ')}`;
  return `has ${shown}; ${formatCondition(condition)} is asked for`;
}

function whyUnknown(key: string, { unknown }: DeviceProfile): string {
  return Object.hasOwn(unknown, key) ? ` (${unknown[key]})` : '';
}

function holds({ op, values }: Condition, has: readonly string[], kind: Field['kind']): boolean {
  const [bound = ''] = values;
  switch (op) {
    case '=':
    case 'in':
      return values.some((value) => has.includes(value));
    case '!=':
    case 'not in':
      return !values.some((value) => has.includes(value));
    case 'exists':
      return has.length > 0;
    case 'absent':
      return has.length === 0;
    case '>=':
      return has.some((value) => compare(value, bound, kind) >= 0);
    case '<=':
      return has.some((value) => compare(value, bound, kind) <= 0);
  }
}

function compare(a: string, b: string, kind: Field['kind']): number {
  return kind === 'number' ? Number(a) - Number(b) : compareVersions(a, b);
}
