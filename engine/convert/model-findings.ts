import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TextTokenizer } from '../data/tokenizer.ts';
import { largestTokenId, tokenIdsSchema } from '../data/tokenizer-files.ts';
import type { ConvertFinding, ConvertRequest } from './convert-request.ts';

/** Tokenizers of large multilingual models have 15 to 35 MB. */
const MAX_TOKENIZER_BYTES = 100_000_000;

/** The task that exports a head, by the end of its class name. A head for masked tokens only serves training: to leave it out is no loss. */
const TASK_OF_HEAD: ReadonlyMap<string, string> = new Map([
  ['SequenceClassification', 'text-classification'],
  ['TokenClassification', 'token-classification'],
  ['QuestionAnswering', 'question-answering'],
]);

const attributesSchema = z.object({
  architectures: z.array(z.string()).nullish(),
  vocab_size: z.number().nullish(),
  /** What was exported: a pass may name another task than the recipe's model. */
  hf_task: z.string().nullish(),
});

const tokenizerSchema = z.object({
  model: z.object({ vocab: z.union([tokenIdsSchema, z.array(z.unknown())]) }),
  added_tokens: z.array(z.object({ id: z.number() })).default([]),
});

/** Lint rules that need the checkpoint: what the recipe alone cannot tell. `tokenizer` is the checkpoint's where it has been read already. */
export async function modelFindings(
  request: Pick<ConvertRequest, 'source' | 'inputModel'>,
  {
    modelAttributes,
    tokenizer,
  }: { readonly modelAttributes: Readonly<Record<string, unknown>>; readonly tokenizer: TextTokenizer | undefined },
): Promise<readonly ConvertFinding[]> {
  const attributes = attributesSchema.safeParse(modelAttributes).data;
  if (request.inputModel.type !== 'HfModel' || attributes === undefined) return [];
  const findings: ConvertFinding[] = [...headFindings(attributes.architectures ?? [], attributes.hf_task ?? request.inputModel.task)];
  const largestId = tokenizer?.largestTokenId ?? (await largestIdIn(join(request.source, 'tokenizer.json')));
  const rows = attributes.vocab_size ?? undefined;
  if (rows !== undefined && largestId !== undefined && largestId >= rows) {
    const message = `the tokenizer knows ids up to ${largestId}, the embedding has ${rows} rows: such ids read outside the table`;
    findings.push({ rule: 'tokenizer-exceeds-vocabulary', path: '$.input_model', message });
  }
  return findings;
}

function headFindings(architectures: readonly string[], task: string): readonly ConvertFinding[] {
  return architectures.flatMap((name): readonly ConvertFinding[] => {
    const [, tail = ''] = name.split('For', 2);
    const kept = TASK_OF_HEAD.get(tail);
    if (kept === undefined || kept === task) return [];
    const message = `the checkpoint is a ${name}; ${task} exports it without the head that computes its scores (--task ${kept} keeps it)`;
    return [{ rule: 'head-dropped', path: '$.input_model.task', message }];
  });
}

/** Undefined when there is no tokenizer file, or none that can be read this way: tokenizing reports that where it matters. */
async function largestIdIn(path: string): Promise<number | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() !== true || status.size > MAX_TOKENIZER_BYTES) return undefined;
  const tokenizer = readTokenizer(await readFile(path, 'utf8'));
  return tokenizer && largestTokenId(tokenizer);
}

function readTokenizer(text: string): z.output<typeof tokenizerSchema> | undefined {
  try {
    return tokenizerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
