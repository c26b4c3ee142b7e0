import { z } from 'zod';
import { deviceProfileSchema } from '../domain/device.ts';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { cellSchema, matrixColumnSchema, matrixRowSchema, matrixSchema } from '../domain/matrix.ts';
import { benchmarkReportSchema, conversionReportSchema, findingSchema } from '../domain/report.ts';
import { requirementSchema } from '../domain/requirement.ts';
import { errorReportSchema, taskResultSchema } from '../domain/task.ts';
import { SESSION_COOKIE } from './access.ts';
import { ACCESS_RULES, type AccessRule } from './access-rules.ts';
import { agentListSchema, agentViewSchema } from './agents.ts';
import { farmEventSchema } from './events.ts';
import { garbageViewSchema } from './garbage.ts';
import { healthSchema, readySchema, shutdownAnswerSchema } from './health.ts';
import {
  cancelAnswerSchema,
  explanationSchema,
  jobListSchema,
  jobSummarySchema,
  jobTaskSchema,
  jobViewSchema,
  taskExplanationSchema,
} from './jobs.ts';
import { cellViewSchema } from './matrix.ts';
import { noticeSchema, notificationsViewSchema } from './notifications.ts';
import { PROBLEM_CONTENT_TYPE, problemSchema } from './problem.ts';
import { recipeListSchema, recipeSummarySchema, recipeViewSchema } from './recipes.ts';
import type { Route, RouteAnswer } from './route.ts';
import { ROUTE_NAMES } from './route-names.ts';
import { ROUTES, type RouteName } from './routes.ts';
import { planSchema, planTaskSchema, submitAnswerSchema, submitRequestSchema } from './submit.ts';
import { attemptSchema, progressSchema, taskSummarySchema, taskViewSchema } from './tasks.ts';
import { grantSchema, uploadAnswerSchema, uploadRequestSchema } from './uploads.ts';

type JsonMember = { readonly [key: string]: Json };

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = JsonMember;

const TAGS: Readonly<Record<string, string>> = {
  farm: 'The coordinator itself.',
  jobs: 'What people submit.',
  tasks: 'Schedulable units of a job.',
  matrix: 'Every result, recipe x device.',
  agents: 'Lab machines.',
  recipes: 'The catalogue.',
  artifacts: 'Files: uploads and downloads.',
  access: 'Enrolment of machines, tokens of people, and the record of changes.',
};

const SECURITY_SCHEMES: JsonMember = {
  token: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of `grove token create`. A farm on loopback without enrolment asks for none.',
  },
  session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'What POST /api/v1/session sets.' },
};

/** Documents with a name of their own in the reference. */
const DOCUMENTS: Readonly<Record<string, z.ZodType>> = {
  Agent: agentViewSchema,
  AgentList: agentListSchema,
  Attempt: attemptSchema,
  BenchmarkReport: benchmarkReportSchema,
  CancelAnswer: cancelAnswerSchema,
  Cell: cellSchema,
  CellView: cellViewSchema,
  ConversionReport: conversionReportSchema,
  DeviceProfile: deviceProfileSchema,
  ErrorReport: errorReportSchema,
  Explanation: explanationSchema,
  FarmEvent: farmEventSchema,
  Finding: findingSchema,
  Grant: grantSchema,
  Health: healthSchema,
  Job: jobViewSchema,
  Garbage: garbageViewSchema,
  JobList: jobListSchema,
  JobSummary: jobSummarySchema,
  Matrix: matrixSchema,
  MatrixColumn: matrixColumnSchema,
  MatrixRow: matrixRowSchema,
  Notice: noticeSchema,
  Notifications: notificationsViewSchema,
  Plan: planSchema,
  PlanTask: planTaskSchema,
  Problem: problemSchema,
  Progress: progressSchema,
  Ready: readySchema,
  Recipe: recipeViewSchema,
  RecipeList: recipeListSchema,
  RecipeSummary: recipeSummarySchema,
  Requirement: requirementSchema,
  ShutdownAnswer: shutdownAnswerSchema,
  SubmitAnswer: submitAnswerSchema,
  SubmitRequest: submitRequestSchema,
  Task: taskViewSchema,
  TaskExplanation: taskExplanationSchema,
  TaskResult: taskResultSchema,
  JobTask: jobTaskSchema,
  TaskSummary: taskSummarySchema,
  UploadAnswer: uploadAnswerSchema,
  UploadRequest: uploadRequestSchema,
};

/**
 * The reference of the REST API, made from {@link ROUTES}. `version` is the coordinator's.
 *
 * Zod writes the JSON Schemas itself: its dialect is the one OpenAPI 3.1 uses, and it knows members that may be left out but not be undefined.
 */
export function openApiDocument(version: string): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Grove',
      version,
      description: 'A self-hosted device farm for on-device AI. Errors are RFC 9457 problems with a stable `code`.',
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(),
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

function componentSchemas(): JsonMember {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(DOCUMENTS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: reference });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plainSchema(schema)]));
}

function reference(id: string): string {
  return `#/components/schemas/${id}`;
}

/** Without the members that only a stand-alone schema file needs. */
function plainSchema({ $schema: _schema, $id: _id, ...schema }: z.core.JSONSchema.BaseSchema): Json {
  return JSON.parse(JSON.stringify(schema));
}

function schemaOf(schema: z.ZodType): Json {
  const id = Object.keys(DOCUMENTS).find((name) => DOCUMENTS[name] === schema);
  return id === undefined ? plainSchema(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })) : { $ref: reference(id) };
}

function pathsOf(): JsonMember {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operationId of ROUTE_NAMES) {
    const route: Route = ROUTES[operationId];
    const operations = paths[route.path] ?? {};
    operations[route.method] = operationOf(operationId, route);
    paths[route.path] = operations;
  }
  return paths;
}

function operationOf(operationId: RouteName, route: Route): Json {
  const { tag, summary, description, body } = route;
  const parameters = [
    ...parametersOf(route.params, 'path'),
    ...parametersOf(route.query, 'query'),
    ...parametersOf(route.headers, 'header'),
  ];
  return {
    operationId,
    tags: [tag],
    summary,
    ...securityOf(ACCESS_RULES[operationId]),
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: { required: true, content: bodyContent(body) } }),
    responses: Object.fromEntries([...route.answers.map(toResponse), ...problemResponses(route.errors)]),
  };
}

/** The role a caller needs stands beside the standard member, which has no word for it. */
function securityOf(rule: AccessRule): JsonMember {
  if (rule === 'anyone' || rule === 'grant') return { security: [], 'x-grove-needs': rule };
  return { security: [{ token: [] }, { session: [] }], 'x-grove-needs': rule };
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query' | 'header'): readonly Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest }: z.core.JSONSchema.BaseSchema = typeof property === 'boolean' ? {} : property;
    const documented = description === undefined ? {} : { description };
    return { name, in: place, required: required.includes(name), ...documented, schema: plainSchema(rest) };
  });
}

function bodyContent(body: z.ZodType | 'bytes'): Json {
  return body === 'bytes' ? { 'application/octet-stream': {} } : { 'application/json': { schema: schemaOf(body) } };
}

function toResponse(answer: RouteAnswer): readonly [string, Json] {
  const content = Object.entries(answer.content).map(([type, schema]) => [type, schema === null ? {} : { schema: schemaOf(schema) }]);
  return [
    String(answer.status),
    { description: answer.description, ...(content.length === 0 ? {} : { content: Object.fromEntries(content) }) },
  ];
}

/** One answer per status: several codes may share it. Every route can also answer the problems of a malformed or refused request. */
function problemResponses(codes: readonly ErrorCode[]): readonly (readonly [string, Json])[] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(ERRORS[code].http, [...(byStatus.get(ERRORS[code].http) ?? []), code]);
  const special = [...byStatus].map(
    ([status, shared]) => [String(status), problemResponse(shared.map((code) => `\`${code}\``).join(' or '))] as const,
  );
  return [...special, ['default', problemResponse('Any other problem.')]];
}

function problemResponse(description: string): Json {
  return { description, content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: reference('Problem') } } } };
}
