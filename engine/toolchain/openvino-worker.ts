import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Child, Spawner } from '../../domain/ports.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';

/** A toolchain on this machine, as a conversion is told of it. */
export const toolchainPlaceSchema = z.strictObject({
  id: z.string().min(1),
  /** Absolute path of its Python interpreter. */
  python: z.string().min(1),
  /** The complete environment of its processes. */
  env: z.record(z.string(), z.string()),
});
export type ToolchainPlace = z.infer<typeof toolchainPlaceSchema>;

const WORKER = join(INSTALLATION_FOLDER, 'engine', 'toolchain', 'openvino', 'worker.py');

const portSchema = z.strictObject({
  name: z.string().max(1_000),
  /** OpenVINO's spelling: `i64`, `f32`. */
  type: z.string().max(40),
  /** -1: the size is open. */
  dims: z.array(z.int().min(-1)).max(64),
});

/** What OpenVINO says of a model. */
const descriptionSchema = z.strictObject({
  /** Of the OpenVINO that said it. */
  version: z.string().min(1).max(200),
  inputs: z.array(portSchema).min(1).max(1_000),
  outputs: z.array(portSchema).min(1).max(1_000),
  operations: z.int().min(0),
  quantizers: z.int().min(0),
});
export type OpenVinoDescription = z.infer<typeof descriptionSchema>;
export type OpenVinoPort = z.infer<typeof portSchema>;

const comparisonSchema = z.strictObject({ rows: z.int().min(0), cosine: z.number().nullable() });

/** Operation -> what it is told, beside files, and what it answers. Paths are absolute. */
interface Operations {
  /** ONNX to IR; `shapes` by position, null leaves them. */
  readonly convert: {
    readonly request: {
      readonly model: string;
      readonly out: string;
      readonly shapes: readonly (readonly number[])[] | null;
      readonly compress: boolean;
    };
    readonly answer: OpenVinoDescription;
  };
  readonly 'update-io': {
    readonly request: {
      readonly model: string;
      readonly out: string;
      readonly names: readonly string[] | null;
      readonly shapes: readonly (readonly number[])[] | null;
    };
    readonly answer: OpenVinoDescription;
  };
  readonly quantize: {
    readonly request: {
      readonly model: string;
      readonly out: string;
      /** Index of the calibration rows. */
      readonly rows: string;
      readonly names: readonly string[];
      readonly model_type: string | null;
      readonly preset: string;
      readonly device: string;
      readonly ignored: Readonly<Record<string, readonly string[]>> | null;
      readonly advanced: Readonly<Record<string, unknown>>;
    };
    readonly answer: OpenVinoDescription;
  };
  /** Runs rows (a blank one without) on OpenVINO's CPU device; the smallest cosine of the first outputs against `reference`. */
  readonly compare: {
    readonly request: { readonly model: string; readonly reference: string | null; readonly rows: string | null; readonly count: number };
    readonly answer: z.infer<typeof comparisonSchema>;
  };
}

const ANSWERS: { readonly [Op in keyof Operations]: z.ZodType<Operations[Op]['answer']> } = {
  convert: descriptionSchema,
  'update-io': descriptionSchema,
  quantize: descriptionSchema,
  compare: comparisonSchema,
};

const replySchema = z.discriminatedUnion('type', [
  z.strictObject({ id: z.int(), type: z.literal('progress'), fraction: z.number().min(0).max(1) }),
  z.strictObject({ id: z.int(), type: z.literal('result'), value: z.unknown() }),
  z.strictObject({ id: z.int(), type: z.literal('error'), problem: z.string().max(2_000) }),
]);

/** What a conversion gives its worker. */
export interface WorkerPorts {
  readonly spawner: Spawner;
  /** Existing folder the process starts in. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  log(line: string): void;
}

/** Who is told how far an operation is. */
export type OnProgress = (fraction: number) => void;

interface Running {
  readonly child: Child;
  readonly replies: AsyncIterator<string>;
}

/**
 * OpenVINO and NNCF in a process of their own, started with the first call and killed by `close` or an abort. One call at a time.
 * A call throws `pass-failed` with what the library said, and `child-crashed` when the process ended or answered out of turn.
 */
export class OpenVinoWorker {
  readonly #place: ToolchainPlace;
  readonly #ports: WorkerPorts;
  #running: Running | undefined;
  #lastId = 0;

  constructor(place: ToolchainPlace, ports: WorkerPorts) {
    this.#place = place;
    this.#ports = ports;
  }

  /** @param pass type of the pass that asks, for errors. */
  async call<Op extends keyof Operations>(
    op: Op,
    request: Operations[Op]['request'],
    { pass, onProgress }: { readonly pass: string; readonly onProgress: OnProgress },
  ): Promise<Operations[Op]['answer']> {
    this.#ports.signal.throwIfAborted();
    const { child, replies } = this.#start();
    this.#lastId += 1;
    child.write(`${JSON.stringify({ ...request, id: this.#lastId, op })}\n`);
    const onAbort = () => child.kill();
    this.#ports.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const value = await this.#answer(replies, { pass, onProgress });
      const parsed = ANSWERS[op].safeParse(value);
      if (parsed.success) return parsed.data;
      throw crashed(`its answer to ${op} is not valid: ${z.prettifyError(parsed.error)}`);
    } finally {
      this.#ports.signal.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    this.#running?.child.kill();
    this.#running = undefined;
  }

  #start(): Running {
    if (this.#running !== undefined) return this.#running;
    const { python, env } = this.#place;
    const { spawner, cwd, log } = this.#ports;
    // -I: nothing of the user's Python settings and folders takes part.
    const child = spawner.spawn({ file: python, args: ['-I', '-B', WORKER, String(process.pid)], cwd, env });
    void forward(child, log);
    this.#running = { child, replies: child.stdout[Symbol.asyncIterator]() };
    return this.#running;
  }

  async #answer(
    replies: AsyncIterator<string>,
    { pass, onProgress }: { readonly pass: string; readonly onProgress: OnProgress },
  ): Promise<unknown> {
    for (;;) {
      const next = await replies.next();
      this.#ports.signal.throwIfAborted();
      if (next.done === true) {
        this.close();
        throw crashed('it ended; the log has its last words');
      }
      const reply = replySchema.safeParse(parsedJson(next.value)).data;
      if (reply === undefined || reply.id !== this.#lastId) throw crashed('it answered out of turn');
      if (reply.type === 'progress') onProgress(reply.fraction);
      else if (reply.type === 'error') throw new GroveError('pass-failed', { type: pass, problem: reply.problem });
      else return reply.value;
    }
  }
}

async function forward(child: Child, log: (line: string) => void): Promise<void> {
  for await (const line of child.stderr) if (line.trim() !== '') log(line);
}

function crashed(how: string): GroveError {
  return new GroveError('child-crashed', { stage: 'openvino', how });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
