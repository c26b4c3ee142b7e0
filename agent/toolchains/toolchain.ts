import { z } from 'zod';
import { toolchainIdSchema, toolchainNameSchema } from '../../domain/toolchains.ts';

/** One installed toolchain, as it is recorded beside its environment. */
export const toolchainSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: toolchainIdSchema,
  name: toolchainNameSchema,
  /** Absolute folder of the virtual environment: the agent's own, or one that the operator keeps. */
  environment: z.string().min(1),
  /** Whether Grove installed it; one of the operator's stays where it is when it is removed here. */
  managed: z.boolean(),
  pythonVersion: z.string().max(40),
  /** Versions of the packages it is named after. */
  packages: z.record(z.string().max(100), z.string().max(100)),
});
export type Toolchain = z.infer<typeof toolchainSchema>;
