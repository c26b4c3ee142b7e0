import { z } from 'zod';

/** What a person or a token may do, each role everything that those before it may: look, submit jobs, run the lab, decide who may. */
export const ROLES = ['viewer', 'submitter', 'operator', 'admin'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.infer<typeof roleSchema>;

/** Whether somebody with `role` may do what needs `needed`. */
export function roleAllows(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
