import type { PolicyView } from '../api/policy.ts';
import { table } from './output.ts';

/** The policy as people read it. */
export function policyText({ policy: { weights, quotas }, leases }: PolicyView): string {
  const names = [...new Set([...Object.keys(weights), ...Object.keys(quotas.submitters), ...Object.keys(leases.submitters)])].sort();
  const limit = (value: number | undefined): string => (value === undefined ? 'none' : `${value}`);
  const submitters = names.map((name) => [
    name,
    `${weights[name] ?? 1}`,
    limit(quotas.submitters[name] ?? quotas.perSubmitter),
    `${leases.submitters[name] ?? 0}`,
  ]);
  const pools = Object.entries(quotas.pools).map(([name, { total, perSubmitter }]) => [
    name,
    limit(total),
    limit(perSubmitter),
    `${leases.pools[name] ?? 0}`,
  ]);
  return [
    `Leases at once per submitter: ${limit(quotas.perSubmitter)} unless named.`,
    ...(submitters.length === 0 ? [] : [table(['submitter', 'weight', 'limit', 'now'], submitters)]),
    ...(pools.length === 0 ? [] : [table(['pool', 'limit', 'per submitter', 'now'], pools)]),
  ].join('\n');
}
