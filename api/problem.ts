import { z } from 'zod';
import { ERRORS, type ErrorCode, type ErrorReport, GroveError, isErrorCode } from '../domain/errors.ts';

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** An error as the REST API writes it: RFC 9457 members, then Grove's own. Unknown members are ignored so that an older client reads a newer farm. */
export const problemSchema = z.object({
  type: z.string().max(200).describe('Identifies the error code: urn:grove:error:<code>.'),
  title: z.string().max(200).describe('The code in words.'),
  status: z.int().min(400).max(599),
  code: z.string().max(100).describe('Stable code of the error registry.'),
  detail: z.string().max(4_000).describe('What was wrong and where.'),
  advice: z.string().max(2_000).describe('What to do about it.'),
  fault: z.enum(['input', 'recipe', 'device', 'infrastructure', 'grove']),
  retryable: z.boolean(),
  requestId: z.string().max(100).exactOptional().describe('Names this request in the coordinator log.'),
  problems: z
    .array(z.object({ path: z.string().max(1_000), message: z.string().max(2_000) }))
    .max(200)
    .describe('Every problem, located by JSON path.'),
});
export type ProblemDocument = z.infer<typeof problemSchema>;

/** Most problems one answer lists; the first ones are what a person needs. */
const MAX_PROBLEMS = 200;

/** The document that tells a client about `error`. Causes and stacks stay in the coordinator. */
export function problemOf(error: GroveError, requestId?: string): ProblemDocument {
  const { code, message, advice, fault, retryable } = error.toReport();
  return {
    type: `urn:grove:error:${code}`,
    title: titleOf(code),
    status: ERRORS[code].http,
    code,
    detail: message.slice(0, 4_000),
    advice,
    fault,
    retryable,
    ...(requestId === undefined ? {} : { requestId }),
    problems: error.problems
      .slice(0, MAX_PROBLEMS)
      .map(({ path, message: text }) => ({ path: path.slice(0, 1_000), message: text.slice(0, 2_000) })),
  };
}

/** The error a problem document describes. A code of a newer farm becomes `internal` with the farm's own words. */
export function errorOf(problem: ProblemDocument): GroveError {
  const { detail, advice, fault, retryable, problems } = problem;
  const code: ErrorCode = isErrorCode(problem.code) ? problem.code : 'internal';
  const report: ErrorReport = { code, message: detail, advice, fault, retryable, problems };
  return GroveError.fromReport(report);
}

function titleOf(code: ErrorCode): string {
  return code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ');
}
