import { z } from 'zod';

/** Identifiers and small vocabularies used by every document. Identifiers are opaque strings made by the caller of a command. */

/** Lower-case SHA-256 in hex. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in lower-case hex');

/** Names people give to agents, devices, data configs: printable, bounded, safe in URLs and file names. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'not a plain name (letters, digits, ".", "_", "-", at most 100)');

/** A device's stable name: `<host name>/<class><ordinal>`, for example `lab-17/npu0`. */
export const deviceNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[a-z]+[0-9]{1,3}$/, 'not a device name such as lab-17/npu0');

export const idSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'not an identifier');

/** ONNX Runtime's name of an execution provider, for example `QNNExecutionProvider`. */
export const epNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9]{0,59}ExecutionProvider$/, 'not an execution provider name ending in ExecutionProvider');

export const deviceClassSchema = z.enum(['cpu', 'gpu', 'npu']);

export const taskKindSchema = z.enum(['resolve', 'convert', 'benchmark']);

export const tierSchema = z.enum(['smoke', 'standard', 'ranked']);
export type Tier = z.infer<typeof tierSchema>;

export const prioritySchema = z.enum(['urgent', 'interactive', 'sweep']);
export type Priority = z.infer<typeof prioritySchema>;

export const CPU_EP = 'CPUExecutionProvider';

export type JobId = string;
export type TaskId = string;
export type AgentId = string;
export type HostId = string;
export type SessionId = number;
