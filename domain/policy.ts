import { z } from 'zod';
import { nameSchema } from './names.ts';

const leases = z.int().min(0).max(1_000_000);

/** Of a pool: hosts whose devices carry the label `pool`. */
const poolQuotaSchema = z.strictObject({
  /** Leases at once on the pool's devices, of everybody together. */
  total: leases.exactOptional(),
  /** Leases at once there of any one submitter. */
  perSubmitter: leases.exactOptional(),
});

/** How a farm shares its devices among submitters. One document for the whole farm, kept by the store. */
export const schedulingPolicySchema = z.strictObject({
  /** Submitter -> share, compared with the others': with 2 twice as many tasks go first. Who is not named has 1. */
  weights: z.record(nameSchema, z.number().min(0.01).max(100)).default({}),
  quotas: z
    .strictObject({
      /** Leases at once of a submitter who is not named below. Absent: no limit. */
      perSubmitter: leases.exactOptional(),
      submitters: z.record(nameSchema, leases).default({}),
      pools: z.record(z.string().min(1).max(300), poolQuotaSchema).default({}),
    })
    .default({ submitters: {}, pools: {} }),
});
export type SchedulingPolicy = z.infer<typeof schedulingPolicySchema>;

/** Equal shares and no limits. */
export const DEFAULT_POLICY: SchedulingPolicy = { weights: {}, quotas: { submitters: {}, pools: {} } };

export function weightOf({ weights }: SchedulingPolicy, submitter: string): number {
  return Object.hasOwn(weights, submitter) ? (weights[submitter] ?? 1) : 1;
}

/** One limit that a lease counts against. */
export interface LeaseLimit {
  /** What is counted, for the store. */
  readonly key: string;
  readonly max: number;
  /** For a person: `leases of ann in pool npu`. */
  readonly what: string;
}

/** Everything that a lease of this submitter on a device of this pool counts against; `pool` is null for a device without that label. */
export function limitsFor({ quotas }: SchedulingPolicy, submitter: string, pool: string | null): readonly LeaseLimit[] {
  const own = Object.hasOwn(quotas.submitters, submitter) ? quotas.submitters[submitter] : quotas.perSubmitter;
  const ofPool = pool !== null && Object.hasOwn(quotas.pools, pool) ? quotas.pools[pool] : undefined;
  const limits: LeaseLimit[] = [];
  const add = (max: number | undefined, key: string, what: string): void => {
    if (max !== undefined) limits.push({ key, max, what });
  };
  const [ofSubmitter, total, ofBoth] = leaseKeys(submitter, pool);
  add(own, ofSubmitter, `leases of ${submitter}`);
  add(ofPool?.total, total ?? '', `leases in pool ${pool}`);
  add(ofPool?.perSubmitter, ofBoth ?? '', `leases of ${submitter} in pool ${pool}`);
  return limits;
}

/** Under which keys a lease is counted: of its submitter, of its pool, of both. A submitter's name has no space. */
export function leaseKeys(submitter: string, pool: string | null): readonly [string, ...string[]] {
  return pool === null ? [`s ${submitter}`] : [`s ${submitter}`, `p ${pool}`, `b ${submitter} ${pool}`];
}

/** Why one more lease is not given, in one line; undefined when no quota is in its way. */
export function quotaInTheWay(limits: readonly LeaseLimit[], counts: Readonly<Record<string, number>>): string | undefined {
  const spent = limits.find(({ key, max }) => (counts[key] ?? 0) >= max);
  return spent === undefined ? undefined : `quota: ${counts[spent.key] ?? 0} of ${spent.max} ${spent.what}`;
}

/** Counts by the keys of {@link leaseKeys}, as people ask for them. */
export function leasesIn(counts: Readonly<Record<string, number>>): {
  readonly submitters: Record<string, number>;
  readonly pools: Record<string, number>;
} {
  const named = (mark: string) =>
    Object.fromEntries(
      Object.entries(counts).flatMap(([key, count]) => (key.startsWith(mark) ? [[key.slice(mark.length), count] as const] : [])),
    );
  return { submitters: named('s '), pools: named('p ') };
}
