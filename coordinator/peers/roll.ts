import { z } from 'zod';

/** A coordinator as the others see it. */
export const coordinatorEntrySchema = z.object({
  coordinatorId: z.string().max(200),
  version: z.string().max(60),
  /** Origin of its API. */
  url: z.string().max(300),
  /** Where agents reach it. */
  grpcAddress: z.string().max(300),
  startedAt: z.number(),
  seenAt: z.number(),
});
export type CoordinatorEntry = z.infer<typeof coordinatorEntrySchema>;

/** Who coordinates the farm. */
export interface Roll {
  /** Says, now and from time to time, that this coordinator is there. */
  join(entry: Omit<CoordinatorEntry, 'seenAt'>): void;
  /** Those heard of lately, by id. */
  present(): Promise<readonly CoordinatorEntry[]>;
  /** Strikes this coordinator off. */
  leave(): Promise<void>;
}

/** Of a farm with one coordinator. */
export function createLoneRoll(now: () => number): Roll {
  let mine: Omit<CoordinatorEntry, 'seenAt'> | undefined;
  return {
    join: (entry) => {
      mine = entry;
    },
    present: async () => (mine === undefined ? [] : [{ ...mine, seenAt: now() }]),
    leave: async () => {
      mine = undefined;
    },
  };
}
