import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { GroveClient } from '../../api/client.ts';
import { cellIdSchema } from '../../domain/curation.ts';
import { GroveError } from '../../domain/errors.ts';
import { resolveCell } from '../cell-argument.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { bytes, print } from '../output.ts';
import { requireIntact, verifyBundle } from './verify-bundle.ts';

/** `grove bundle create`'s options. */
export interface CreateBundleOptions extends OutputOptions {
  readonly out: string;
  /** False with `--without-model`. */
  readonly model: boolean;
  readonly overwrite?: true;
}

/** What was written. */
interface CreatedBundle {
  readonly file: string;
  readonly taskId: string;
  readonly sizeBytes: number;
  readonly members: number;
  readonly leftOut: number;
  readonly keyId: string;
}

type BundleClient = Pick<GroveClient, 'matrix' | 'cell' | 'taskBundle' | 'farmKey'>;

/** What the command was told. */
export interface CreateBundleCall {
  readonly options: CreateBundleOptions;
  readonly context: Pick<CommandContext, 'terminal' | 'interrupted'>;
}

/**
 * Writes the evidence of a cell's result, or of a benchmark task, to a file that takes its name only once it has been verified. Throws `invalid-argument`
 * for a file that is there, `invalid-bundle` for an answer that the farm's key did not sign.
 */
export async function runCreateBundle(client: BundleClient, result: string, { options, context }: CreateBundleCall): Promise<void> {
  const file = resolve(options.out);
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (isThere && options.overwrite !== true)
    throw new GroveError('invalid-argument', { problem: `${file} is there already; name another file, or add --overwrite` });
  const taskId = await taskOf(client, result);
  const part = `${file}.part`;
  try {
    await download(await client.taskBundle(taskId, { withModel: options.model, signal: context.interrupted }), part);
    const verified = await verifyBundle(part, (await client.farmKey()).publicKey);
    requireIntact(verified);
    await rename(part, file);
    const { size: sizeBytes } = await stat(file);
    const { members = [], leftOut = [] } = verified.manifest ?? {};
    const keyId = verified.signature?.keyId ?? '';
    const created: CreatedBundle = { file, taskId, sizeBytes, members: members.length, leftOut: leftOut.length, keyId };
    print({ output: options.output, terminal: context.terminal }, created, createdText);
  } finally {
    await rm(part, { force: true });
  }
}

/** A cell by its id or as RECIPE@DEVICE stands for the result it shows; anything else is a task. */
async function taskOf(client: BundleClient, result: string): Promise<string> {
  if (!cellIdSchema.safeParse(result).success && !result.includes('@')) return result;
  const { cell } = await client.cell(await resolveCell(client, result));
  if (cell.provenance.taskId !== '') return cell.provenance.taskId;
  throw new GroveError('invalid-argument', { problem: `cell ${cell.id} was imported: the farm has measured nothing of it` });
}

async function download(response: Response, path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for await (const chunk of response.body ?? []) await file.appendFile(chunk);
  } finally {
    await file.close();
  }
}

function createdText({ file, taskId, sizeBytes, members, leftOut, keyId }: CreatedBundle): string {
  const without = leftOut === 0 ? '' : `, ${leftOut} left out`;
  return `${file}: the evidence of ${taskId}, ${bytes(sizeBytes)}, ${members} members${without}, signed by ${keyId}`;
}
