import { z } from 'zod';
import { blobSchema } from '../../domain/manifest.ts';

/** What a bench and its fleet process say to each other: one JSON document a line. */

/** Only argument of the fleet program. */
export const fleetConfigSchema = z.strictObject({
  /** `127.0.0.1:4701`. */
  grpcAddress: z.string(),
  /** Each is a host of its own with one CPU device and its own TCP connection. */
  agents: z.int().min(1).max(10_000),
  /** Agents are dealt in turn to this many lanes, label `lane`; equal lanes have equal device profiles. */
  lanes: z.int().min(1),
  /** Time a task takes: from its assignment to its result. */
  taskMs: z.number().min(0),
  /** Whether agents take work before the first `measure`. */
  ready: z.boolean(),
  /** Agents that have not begun to join by then stay away: a busy machine gets a smaller fleet rather than no figures. */
  joinWithinMs: z.number().positive(),
  /** What every conversion answers as its model: stored by the bench beforehand. */
  model: blobSchema,
});
export type FleetConfig = z.infer<typeof fleetConfigSchema>;

/** Bench -> fleet. Closing the fleet's standard input ends it. */
export const fleetCommandSchema = z.discriminatedUnion('do', [
  /** Counters start again, all agents take work; a report follows the `until`-th recorded result. */
  z.strictObject({ do: z.literal('measure'), until: z.int().min(1) }),
  /** The bench is about to break every connection: `returned` follows when each agent has been welcomed again. */
  z.strictObject({ do: z.literal('expect-return') }),
]);
export type FleetCommand = z.infer<typeof fleetCommandSchema>;

/** What the agents saw since `measure`. */
export const fleetReportSchema = z.strictObject({
  /** Milliseconds after `measure` at which each acknowledgement of a recorded result arrived. */
  recordedAtMs: z.array(z.number()),
  /** From receiving an assignment to the acknowledgement of its result, accept included: two durable commands. */
  cycleMs: z.array(z.number()),
  /** Results the coordinator refused or knew already, leases it revoked, connections that broke. */
  troubles: z.int().min(0),
});
export type FleetReport = z.infer<typeof fleetReportSchema>;

/** Fleet -> bench. */
export const fleetEventSchema = z.discriminatedUnion('event', [
  /** @param agents that have been welcomed: the first of them. */
  z.strictObject({ event: z.literal('joined'), agents: z.int().min(1) }),
  z.strictObject({ event: z.literal('report'), report: fleetReportSchema }),
  /** @param abandoned leases that agents were told to give up meanwhile. */
  z.strictObject({ event: z.literal('returned'), abandoned: z.int().min(0) }),
]);
export type FleetEvent = z.infer<typeof fleetEventSchema>;
