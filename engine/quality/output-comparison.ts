import { boundedText, MAX_FURTHER_OUTPUTS, type Quality } from '../../domain/report.ts';
import { referenceFeeds } from '../benchmark/inputs.ts';
import { floatsFromHalves } from '../graph/half.ts';
import type { Session } from '../runtime/inference-runtime.ts';
import type { Tensor, TensorOf } from '../runtime/tensor.ts';
import { fillBatch, firstRows } from './fixed-batch.ts';
import { LogitComparison } from './logits.ts';
import type { ReferenceBatch } from './reference.ts';
import { type OutputPair, OutputSimilarity } from './similarity.ts';

/** Task of exports whose first output holds logits of shape [batch, labels]. */
export const CLASSIFICATION = 'text-classification';
/** Task of exports whose outputs hold one value a token: [batch, sequence]. */
const ONE_VALUE_A_TOKEN = 'question-answering';

type Measured = Extract<Quality, { state: 'measured' }>;
type FurtherOutputs = NonNullable<Measured['furtherOutputs']>;

/** Everything a report says of outputs, without the bound. */
type ComparedOutputs = Omit<Measured, 'state' | 'bound' | 'passed' | 'ranking' | 'furtherOutputs'> & {
  readonly furtherOutputs: FurtherOutputs;
};

/** Outputs of one session against a Reference, batch by batch. */
export class OutputComparison {
  readonly logits = new LogitComparison();
  readonly #session: Session;
  readonly #ep: string;
  readonly #task: string;
  readonly #first = new OutputSimilarity();
  /** Of the outputs behind the first, by position; undefined once one cannot be compared. */
  readonly #further: (OutputSimilarity | undefined)[];

  /** @param task the task the model was exported for: it says what its outputs are. */
  constructor(session: Session, { ep, task }: { readonly ep: string; readonly task: string }) {
    this.#session = session;
    this.#ep = ep;
    this.#task = task;
    this.#further = session.outputs.slice(1).map(() => new OutputSimilarity());
  }

  /** Rows compared so far. */
  get rows(): number {
    return this.#first.rows;
  }

  /** Says why when the first output cannot be compared. */
  async add(batch: ReferenceBatch): Promise<string | undefined> {
    const { inputs, outputs } = this.#session;
    const answers = await this.#session.run(fillBatch(inputs, referenceFeeds(inputs, batch.inputs, this.#ep), batch.rows));
    const pairs = outputs.map(({ name }, position) => pairOf({ name, actual: answers[name], expected: batch.outputs[position] }, batch));
    const [first = 'the model has no output', ...further] = pairs;
    if (typeof first === 'string') return first;
    this.#first.add(this.#masked(first, batch));
    if (this.#task === CLASSIFICATION) this.logits.add(first);
    for (const [index, pair] of further.entries()) {
      if (typeof pair === 'string') this.#further[index] = undefined;
      else this.#further[index]?.add(this.#masked(pair, batch));
    }
    return undefined;
  }

  finish(): ComparedOutputs {
    const furtherOutputs = this.#furtherOutputs().slice(0, MAX_FURTHER_OUTPUTS);
    const furtherOutputsLeftOut = this.#further.length - furtherOutputs.length;
    return {
      rows: this.rows,
      ...this.#first.finish(),
      logit: this.logits.finish(),
      furtherOutputs,
      ...(furtherOutputsLeftOut > 0 && { furtherOutputsLeftOut }),
    };
  }

  #furtherOutputs(): FurtherOutputs {
    return this.#further.flatMap((similarity, index) => {
      if (similarity === undefined || similarity.rows === 0) return [];
      return [{ name: boundedText(this.#session.outputs[index + 1]?.name ?? ''), ...similarity.finish() }];
    });
  }

  /** The attention mask belongs to outputs with a sequence axis only: a [batch, hidden] one may be as wide as the sequence is long. */
  #masked(pair: OutputPair, { inputs }: ReferenceBatch): OutputPair {
    const hasTokens = pair.dims.length === 3 || (pair.dims.length === 2 && this.#task === ONE_VALUE_A_TOKEN);
    return hasTokens ? { ...pair, mask: maskOf(inputs['attention_mask']) } : pair;
  }
}

interface Answer {
  readonly name: string;
  readonly actual: Tensor | undefined;
  readonly expected: TensorOf<'float32'> | undefined;
}

/** An output beside its reference, or why they cannot be compared. */
function pairOf({ name, actual, expected }: Answer, { rows }: ReferenceBatch): OutputPair | string {
  const all = actual && floats(actual);
  if (all === undefined || actual === undefined) return `output "${name}" holds no floating-point values`;
  if (expected === undefined) return `output "${name}" is not in the Reference`;
  const { dims, values } = firstRows(actual.dims, all, rows);
  const shape = `[${dims.join(', ')}]`;
  if (shape !== `[${expected.dims.join(', ')}]`) return `output "${name}" has shape ${shape}, the reference [${expected.dims.join(', ')}]`;
  return { dims, actual: values, expected: expected.data, mask: undefined };
}

/** Values of a floating-point tensor as float32; undefined for other types. */
export function floats(tensor: Tensor): Float32Array | undefined {
  if (tensor.dtype === 'float32') return tensor.data;
  if (tensor.dtype === 'float16') return floatsFromHalves(tensor.data);
  return tensor.dtype === 'float64' ? Float32Array.from(tensor.data) : undefined;
}

function maskOf(mask: Tensor | undefined): TensorOf<'int64'>['data'] | undefined {
  return mask?.dtype === 'int64' ? mask.data : undefined;
}
