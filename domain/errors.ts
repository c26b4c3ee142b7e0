/**
 * The one registry of everything that can go wrong. A code is stable and public: it appears in REST problems, gRPC status details, task outcomes
 * (`failed/unsupported-pass`), logs and `docs/errors.md`. Messages say what was wrong and where; `advice` says what to do.
 */

import { ACCESS_ERRORS } from './access-errors.ts';
import { device, type ErrorSpec, type Fault, infrastructure, input, recipe } from './error-spec.ts';

export type { ErrorSpec, Fault } from './error-spec.ts';

export const ERRORS = {
  // Requests and configuration
  'invalid-request': {
    ...input,
    message: 'The request is not valid: {problem}.',
    advice: 'Correct the named field and send it again; the API reference lists every field.',
  },
  'invalid-argument': { ...input, message: '{problem}.', advice: 'Run the command with --help to see what it takes.' },
  'invalid-config': {
    ...input,
    message: 'Configuration {where}: {problem}.',
    advice: 'Correct or remove that entry; docs/configuration.md lists the known ones.',
  },
  'body-too-large': {
    ...input,
    http: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    message: 'The request body is larger than {limitBytes} bytes.',
    advice: 'Send large files through an upload, not in the request.',
  },
  'not-found': {
    ...input,
    http: 404,
    grpc: 'NOT_FOUND',
    message: 'There is no {kind} "{id}".',
    advice: 'List what exists (job list, agent list, recipe list) and use one of those names.',
  },
  'idempotency-conflict': {
    ...input,
    http: 409,
    grpc: 'ALREADY_EXISTS',
    message: 'Idempotency key "{key}" was already used for a different request.',
    advice: 'Use a new key for a new request; resend the identical request to read its result.',
  },
  'forbidden-origin': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'Requests for host "{host}" are refused.',
    advice: 'Use the address that `grove up` printed; a farm without --listen answers only on http://127.0.0.1 and http://localhost.',
  },
  'already-running': {
    ...input,
    http: 409,
    grpc: 'ALREADY_EXISTS',
    message: 'A {process} is already running for {where} (process {pid}).',
    advice: 'Stop it first (grove down), or choose another data folder with GROVE_DATA.',
  },
  'too-many-streams': {
    ...infrastructure,
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    message: '{limit} {what} are open already; no more are served.',
    advice: 'Close some, or wait until they end.',
  },
  'port-in-use': {
    ...input,
    http: 409,
    grpc: 'ALREADY_EXISTS',
    message: 'Another program listens on {address} already.',
    advice: 'Stop it, or choose another port with --port.',
  },
  'unexpected-answer': {
    fault: 'infrastructure',
    retryable: false,
    http: 502,
    grpc: 'INTERNAL',
    message: 'The farm at {url} gave an answer that cannot be read: {problem}.',
    advice: "Client and coordinator may be of different versions; GET /api/v1/health tells the coordinator's.",
  },
  'not-running': {
    ...infrastructure,
    retryable: false,
    message: 'No farm answers at {url}.',
    advice: 'Start one with `grove up`, or name its address with --url or GROVE_URL.',
  },

  // Who may do what
  ...ACCESS_ERRORS,

  // Recipes
  'recipe-not-json': {
    ...input,
    message: 'Recipe {name} is not JSON: {problem}.',
    advice: 'Recipes are Olive workflow files in JSON; correct the text at the named place.',
  },
  'recipe-invalid': {
    ...input,
    http: 422,
    message: 'Recipe {name} has {count} problem(s); first: {path}: {problem}.',
    advice: 'Each problem is listed with its JSON path; `grove recipe show` prints a valid example.',
  },
  'unknown-pass': {
    ...input,
    http: 422,
    message: 'Recipe {name} at {path}: no Olive pass is called "{type}"{suggestion}.',
    advice: 'Correct the pass type; names are case-insensitive.',
  },
  'unknown-recipe': {
    ...input,
    http: 404,
    grpc: 'NOT_FOUND',
    message: 'There is no recipe "{name}" in the catalogue and no file of that name{suggestion}.',
    advice: '`grove recipe list` shows the catalogue; a path to a JSON file works too.',
  },
  'unsupported-pass': {
    ...recipe,
    message: 'Pass {type} ({path}) is not implemented natively{detail}, and no agent has a toolchain that offers it.',
    advice:
      'Install it on any machine of the farm (grove toolchain install openvino or olive, docs/toolchains.md), or use a recipe without this pass.',
  },
  'unsupported-input': {
    ...recipe,
    message: 'The engine cannot convert this model: {problem}.',
    advice: 'docs/passes.md lists the architectures, tasks and formats that convert natively.',
  },
  'unsupported-data': {
    ...recipe,
    message: 'Data config {name} cannot be read natively: {problem}.',
    advice: 'Use a Hugging Face container, replace its source with --data NAME=FILE, or import its rows: grove data import.',
  },
  'user-script-refused': {
    ...recipe,
    message: 'The recipe runs Python code ({path}), and {why}.',
    advice:
      'Declare the data set and columns instead, or send the file along (grove submit --with-scripts) to a machine with Olive whose operator allows it (docs/toolchains.md).',
  },
  'missing-data': {
    ...input,
    http: 422,
    message: '{path} refers to data_config "{name}", which the recipe does not define.',
    advice: 'Add it to data_configs, or correct the name.',
  },
  lint: {
    ...recipe,
    message: 'Lint stopped the recipe ({count} finding(s)); first: {rule} at {path}: {problem}.',
    advice: 'Correct the finding, or submit without --strict.',
  },
  'pass-failed': {
    ...recipe,
    message: 'Pass {type} failed: {problem}.',
    advice: 'The log of the convert task shows the node or tensor it stopped at.',
  },

  // Models and data
  'invalid-safetensors': {
    ...input,
    http: 422,
    message: '{file}: {problem}.',
    advice: 'The file is truncated or not a safetensors file; download it again and compare its SHA-256.',
  },
  'invalid-checkpoint': {
    ...input,
    http: 422,
    message: 'Checkpoint {where}: {problem}.',
    advice: 'Give a Hugging Face folder with config.json and model.safetensors.',
  },
  'invalid-onnx': {
    ...input,
    http: 422,
    message: 'ONNX model {where}: {problem}.',
    advice: 'Check the file with an ONNX checker, or export it again.',
  },
  'invalid-data-file': {
    ...input,
    http: 422,
    message: 'Data file {file}{where}: {problem}.',
    advice: 'JSON Lines (one object a line), Parquet, CSV, TSV and plain text (.txt, column "text") are read; check the column names.',
  },
  'invalid-row': {
    ...input,
    http: 422,
    message: 'Row {index} of the data cannot be encoded: {problem}.',
    advice: 'Correct or leave out that row, or change truncation and max_length of the data config.',
  },
  'invalid-tokenizer': {
    ...input,
    http: 422,
    message: 'Tokenizer {where}: {problem}.',
    advice: 'Give the tokenizer.json that belongs to the model.',
  },
  'invalid-reference': {
    ...input,
    http: 422,
    message: 'Reference {where}: {problem}.',
    advice: 'Make the reference again from the exported model.',
  },
  'invalid-bundle': {
    ...input,
    http: 422,
    message: 'Evidence bundle {file} is not what its farm signed ({count} problem(s)); first: {problem}.',
    advice: 'Ask for the bundle again (grove bundle create), and compare the key it names with the one its farm shows (grove bundle key).',
  },
  'unsafe-path': {
    ...input,
    message: 'The path "{path}" leaves its folder or is not portable.',
    advice: 'Use plain relative paths without "..", drive letters, back-slashes or reserved names.',
  },
  'too-large': {
    ...input,
    http: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    message: '{what} declares {sizeBytes} bytes; the limit is {limitBytes}.',
    advice: 'Check the file; if it is right, raise the limit in the configuration.',
  },
  'digest-mismatch': {
    ...input,
    http: 422,
    message: '{what} has SHA-256 {actual}, not {expected}.',
    advice: 'The bytes changed on the way or the digest is wrong: send the file again.',
  },
  'size-mismatch': {
    ...input,
    http: 422,
    message: '{what} has {actual} bytes, not {expected}.',
    advice: 'The transfer was cut or the declared size is wrong: send the file again.',
  },
  'model-access': {
    ...input,
    http: 422,
    message: 'Model {id} cannot be fetched: {problem}.',
    advice: 'Check the name and revision; private models need HF_TOKEN on the hub agent. A local folder works with --model DIR.',
  },

  // Placement
  unsatisfiable: {
    ...input,
    http: 422,
    grpc: 'FAILED_PRECONDITION',
    message: 'No known device can run {what}: {why}.',
    advice: 'See `grove agent list`; use --on, --where or --substitute-ep, or --wait-for-device to queue it anyway.',
  },
  'ep-bound-artifact': {
    ...recipe,
    message: 'The converted model is bound to {ep} and cannot run on {requested}.',
    advice: 'Benchmark it on a device with that execution provider.',
  },

  // Protocol and leases
  'malformed-message': {
    ...input,
    message: 'Malformed {message} message: {problem}.',
    advice: 'The agent and coordinator do not speak the same protocol; check their versions.',
  },
  'message-too-large': {
    ...input,
    grpc: 'RESOURCE_EXHAUSTED',
    http: 413,
    message: 'A message of {sizeBytes} bytes exceeds the limit of {limitBytes}.',
    advice: 'Large data goes through artifacts, not messages.',
  },
  'protocol-version': {
    ...input,
    http: 426,
    grpc: 'FAILED_PRECONDITION',
    message: 'Agent speaks protocol {agent}; this coordinator speaks {coordinator}.',
    advice: 'Upgrade the older of the two.',
  },
  'hello-first': {
    ...input,
    grpc: 'FAILED_PRECONDITION',
    message: 'The first message of a stream must be hello, not {message}.',
    advice: 'Upgrade the agent.',
  },
  'duplicate-agent': {
    ...input,
    http: 409,
    grpc: 'ALREADY_EXISTS',
    message: 'Agent "{agentId}" belongs to another process or machine.',
    advice:
      'Stop the other one, or give this one its own data folder and name. A machine that takes the place of another: `grove agent revoke` the name, then join again.',
  },
  'connection-lost': {
    ...infrastructure,
    message: 'The connection to the coordinator was lost: {problem}.',
    advice: 'The agent reconnects by itself; look at the coordinator if it does not.',
  },
  'stale-session': {
    ...infrastructure,
    retryable: false,
    http: 409,
    grpc: 'ABORTED',
    message: 'Session {sessionId} of agent {agentId} is no longer current.',
    advice: 'The agent reconnects by itself; nothing to do.',
  },
  'stale-token': {
    ...infrastructure,
    retryable: false,
    http: 409,
    grpc: 'ABORTED',
    message: 'Task {taskId} attempt {attempt} is no longer leased with this token; its result is refused.',
    advice: 'The task was given to another agent after this lease ended; nothing to do.',
  },
  'illegal-transition': {
    fault: 'grove',
    retryable: false,
    http: 409,
    grpc: 'FAILED_PRECONDITION',
    message: 'Task {taskId} cannot go from {from} to {to}.',
    advice: 'Report this with the coordinator log.',
  },

  // Attempt endings
  'agent-lost': {
    ...infrastructure,
    message: 'Agent {agentId} stopped answering while it held the task.',
    advice: 'Look at the agent machine: power, network, process.',
  },
  'agent-shutdown': {
    ...infrastructure,
    message: 'Agent {agentId} was stopped while it held the task.',
    advice: 'The task is retried; nothing to do.',
  },
  'not-accepted': {
    ...infrastructure,
    message: 'The assignment was not accepted in time.',
    advice: 'The task is offered again; nothing to do.',
  },
  'child-crashed': {
    ...device,
    message: 'The {stage} process ended unexpectedly ({how}).',
    advice: 'The task log ends with its last output; a repeated crash is a driver or runtime fault.',
  },
  'child-timeout': {
    ...device,
    grpc: 'DEADLINE_EXCEEDED',
    http: 504,
    message: 'The {stage} process exceeded its {timeoutMs} ms.',
    advice: 'Look for a hung driver; raise the timeout if the model is merely large.',
  },
  'device-wedged': {
    ...device,
    message: 'Process {pid} of stage {stage} cannot be killed: the device {deviceName} is stuck in its driver.',
    advice: 'Restart the machine; the agent takes no work until then.',
  },
  'device-unhealthy': {
    ...device,
    message: 'The device {deviceName} does not run a small model any more: {problem}.',
    advice:
      'Look at its driver and the kernel log, restart the machine, then `grove agent recover`; `agent.recovery.command` can do that by itself.',
  },
  'gate-closed': {
    ...device,
    message: 'The machine waits: {why}.',
    advice: 'It takes work again by itself once that is over; `agent.gates` in its configuration can have results labelled instead.',
  },
  'attempt-timeout': {
    ...device,
    grpc: 'DEADLINE_EXCEEDED',
    http: 504,
    message: 'The attempt ran longer than {limitMs} ms.',
    advice: 'Look for a hung driver or a stuck transfer on the agent; time in the queue is not counted.',
  },
  'transfer-failed': {
    ...infrastructure,
    message: 'Transfer of {what} failed: {problem}.',
    advice: 'Check the network and the artifact store; the task is retried.',
  },
  'session-failed': {
    ...recipe,
    fault: 'device',
    message: 'ONNX Runtime could not create a session on {ep}: {problem}.',
    advice: "The log shows the runtime's own words; `grove agent show` lists what the machine offers.",
  },
  'ep-unavailable': {
    ...recipe,
    fault: 'device',
    message: '{ep} is not available on this machine: {why}.',
    advice: 'Install the execution provider, or choose a device that has it.',
  },
  'no-ep-context': {
    ...recipe,
    fault: 'device',
    message: '{ep} did not compile the model on this device: {why}.',
    advice: 'Take EPContextBinaryGenerator out of the recipe, or give it options that the execution provider takes on this device.',
  },
  'invalid-ep-package': {
    ...input,
    message: 'Execution provider package {package}: {problem}.',
    advice: 'Give a wheel, a zip, a folder or a library of one execution provider; docs/execution-providers.md says where each comes from.',
  },
  'toolchain-failed': {
    ...input,
    message: 'Toolchain {toolchain}: {problem}.',
    advice:
      'docs/toolchains.md says what a toolchain needs: Python, where its packages come from, and how to install it without a network.',
  },
  'ep-option': {
    ...recipe,
    message: '{ep} option "{option}" cannot be set through {adapter}.',
    advice: 'Remove the option, or use an agent whose runtime passes provider options on.',
  },
  'inference-failed': {
    ...recipe,
    fault: 'device',
    message: 'Inference on {ep} failed: {problem}.',
    advice: "The log shows the runtime's own words; check input shapes and the driver.",
  },
  'low-disk': {
    ...device,
    message: '{where} has {freeBytes} bytes free; {neededBytes} are needed.',
    advice: 'Free space or move GROVE_DATA.',
  },
  cancelled: {
    fault: 'input',
    retryable: false,
    http: 409,
    grpc: 'CANCELLED',
    message: 'Cancelled by {by}.',
    advice: 'Submit again if that was not meant.',
  },
  'deadline-exceeded': {
    fault: 'input',
    retryable: false,
    http: 504,
    grpc: 'DEADLINE_EXCEEDED',
    message: 'It had not ended when the deadline of its job was over, {deadlineMs} ms after the submit.',
    advice: 'Submit it again with more time; `grove job explain` says before the deadline what a task waits for.',
  },
  'source-failed': { ...recipe, message: 'The task it needs ({taskId}) ended as {ended}.', advice: 'Look at that task first.' },

  // Stores
  'journal-corrupt': {
    fault: 'infrastructure',
    retryable: false,
    http: 500,
    grpc: 'INTERNAL',
    message: 'Journal {file} is damaged at byte {offset}: {problem}.',
    advice: 'Restore the data folder from a backup; only an incomplete last record is repaired by itself.',
  },
  'store-failed': {
    ...infrastructure,
    message: 'The store could not write: {problem}.',
    advice: 'Check free space and permissions of the data folder; the coordinator stops rather than lose data.',
  },
  'store-unavailable': {
    ...infrastructure,
    message: 'The store is not available: {problem}.',
    advice: 'It was tried again for some seconds; look at the Redis server and its network, then send the request again.',
  },
  'artifact-store-unavailable': {
    ...infrastructure,
    message: 'The artifact store does not answer as it should ({doing}): {problem}.',
    advice: 'Check that the object store runs, has room and can be reached from the coordinator; work goes on by itself when it is back.',
  },
  'artifact-store-refused': {
    fault: 'infrastructure',
    retryable: false,
    http: 502,
    grpc: 'INTERNAL',
    message: 'The artifact store refuses the coordinator ({doing}): {problem}.',
    advice: 'Correct that; docs/artifacts.md lists the settings and the permissions that are needed.',
  },
  'grant-refused': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'This artifact URL is not valid: {problem}.',
    advice: 'URLs live a few minutes; ask for a new one.',
  },
  internal: {
    fault: 'grove',
    retryable: false,
    http: 500,
    grpc: 'INTERNAL',
    message: 'Unexpected error: {problem}.',
    advice: 'Report this with the log lines around it.',
  },
} as const satisfies Record<string, ErrorSpec>;

/** Every stable error code. */
export type ErrorCode = keyof typeof ERRORS;

type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;

/** Parameters that the message of `Code` names. */
export type ErrorParams<Code extends ErrorCode> = { readonly [K in Placeholders<(typeof ERRORS)[Code]['message']>]: string | number };

/** One problem among several, located by JSON path (`$.passes.conv.target_opset`), file or line. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What travels and is stored: an error without its stack. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly problems?: readonly Problem[] | undefined;
}

/** What an error may carry beside its code and parameters. */
export interface GroveErrorOptions {
  readonly cause?: unknown;
  readonly problems?: readonly Problem[];
  /** Replaces the registry's message: the words of the process that reported the error. */
  readonly message?: string;
}

/** The only error class Grove throws on purpose. Everything else that surfaces is wrapped as `internal`. */
export class GroveError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'GroveError';
  readonly code: Code;
  readonly params: Readonly<Record<string, string | number>>;
  readonly problems: readonly Problem[];

  constructor(code: Code, params: ErrorParams<Code>, options: GroveErrorOptions = {}) {
    super(options.message ?? renderMessage(code, params), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.params = params;
    this.problems = options.problems ?? [];
  }

  /** An error that another process reported, with that process's own words. */
  static fromReport(report: ErrorReport): GroveError {
    // The parameters are already inside the message; only the code, known here as the whole union, asks for them.
    const params = {} as ErrorParams<ErrorCode>;
    return new GroveError(report.code, params, { message: report.message, problems: report.problems ?? [] });
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code];
  }

  toReport(): ErrorReport {
    const { advice, fault, retryable } = this.spec;
    const report = { code: this.code, message: this.message, advice, fault, retryable };
    return this.problems.length > 0 ? { ...report, problems: this.problems } : report;
  }
}

/** Fills a registry message. Values are cut at 500 characters so that hostile input cannot flood a log. */
function renderMessage<Code extends ErrorCode>(code: Code, params: ErrorParams<Code>): string {
  const values: Readonly<Record<string, string | number>> = params;
  return ERRORS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '?').slice(0, 500));
}

/** Any thrown value as a GroveError; unknown ones become `internal` with the original as cause. */
export function toGroveError(thrown: unknown): GroveError {
  if (thrown instanceof GroveError) return thrown;
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return new GroveError('internal', { problem }, { cause: thrown });
}

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERRORS, value);
}
