import { z } from 'zod';
import { schedulingPolicySchema } from '../domain/policy.ts';

/** The scheduling policy and how much of its quotas is used. */
export const policyViewSchema = z.object({
  policy: schedulingPolicySchema,
  leases: z.object({
    submitters: z.record(z.string(), z.int().min(0)).describe('Leases of each submitter now.'),
    pools: z.record(z.string(), z.int().min(0)).describe('Leases in each pool now.'),
  }),
});
export type PolicyView = z.infer<typeof policyViewSchema>;
