import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { GroveClient } from '../../api/client.ts';
import type { JobView } from '../../api/jobs.ts';
import { GroveError } from '../../domain/errors.ts';
import type { ConversionReport } from '../../domain/report.ts';
import { systemFiles } from '../../platform/files.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { bytes, print, type Terminal, table } from '../output.ts';
import { chooseConversion } from './choose-conversion.ts';
import { type PulledFile, pullFiles } from './pull-files.ts';

/** Beside the model: where it comes from. */
const NOTE = 'conversion.json';

/** `grove pull`'s options. */
export interface PullOptions extends OutputOptions {
  readonly out: string;
  readonly recipe?: string;
  readonly overwrite?: boolean;
}

/** A model that was brought here. */
interface PulledModel {
  readonly jobId: string;
  readonly taskId: string;
  readonly recipeId: string;
  readonly folder: string;
  readonly files: readonly PulledFile[];
  /** How it was converted, and by whom. */
  readonly report: ConversionReport;
}

/** What a pull needs of a farm. */
export interface PullClient extends Pick<GroveClient, 'task' | 'download'> {
  /** With all its tasks. */
  wholeJob(jobId: string): Promise<Pick<JobView, 'jobId' | 'tasks'>>;
}

/**
 * Brings the converted model of a job into a folder, with {@link NOTE} beside it that says where it comes from. Throws what choosing and
 * downloading throw; what is here by then is continued by the next call.
 */
export async function runPull(client: PullClient, jobId: string, { options, context }: PullCall): Promise<void> {
  const chosen = chooseConversion(await client.wholeJob(jobId), options.recipe);
  const { result } = await client.task(chosen.taskId);
  if (result?.kind !== 'convert') throw new GroveError('not-found', { kind: 'converted model', id: chosen.taskId });
  const folder = resolve(options.out);
  const { files } = result.artifact;
  const overwrite = options.overwrite === true;
  if (!overwrite) await refuseOtherNote(join(folder, NOTE), chosen.taskId);
  const totalBytes = Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const pulled = await pullFiles(client, files, {
    folder,
    overwrite,
    signal: context.interrupted,
    onBytes: tellTenths(context.terminal, totalBytes),
  });
  const { taskId, recipeId } = chosen;
  const model: PulledModel = { jobId, taskId, recipeId, folder, files: pulled, report: result.report };
  const note = `${JSON.stringify({ jobId, taskId, recipeId, report: result.report }, null, 2)}\n`;
  await systemFiles.writeAtomic(join(folder, NOTE), Buffer.from(note));
  print({ output: options.output, terminal: context.terminal }, model, pulledText);
}

/** A note of an earlier pull of this model is replaced; anything else of its name belongs to somebody. Throws `invalid-argument`. */
async function refuseOtherNote(path: string, taskId: string): Promise<void> {
  const bytes = await systemFiles.read(path);
  if (bytes === undefined || noteSchema.safeParse(parsed(bytes)).data?.taskId === taskId) return;
  throw new GroveError('invalid-argument', {
    problem: `${path} is there already and tells of something else; name another folder, or add --overwrite`,
  });
}

const noteSchema = z.object({ taskId: z.string() });

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** What the command was told. */
export interface PullCall {
  readonly options: PullOptions;
  readonly context: Pick<CommandContext, 'terminal' | 'interrupted'>;
}

/** A line for every tenth of a download that takes a while. */
function tellTenths(terminal: Terminal, totalBytes: number): (doneBytes: number) => void {
  let told = 0;
  return (doneBytes) => {
    const tenth = Math.floor((10 * doneBytes) / Math.max(1, totalBytes));
    if (tenth <= told || totalBytes < 10_000_000) return;
    told = tenth;
    terminal.error(`downloading ${bytes(totalBytes)}: ${tenth * 10} %`);
  };
}

function pulledText({ folder, files, recipeId, taskId }: PulledModel): string {
  const rows = files.map(({ path, sizeBytes, sha256, how }) => [path, bytes(sizeBytes), sha256.slice(0, 12), how]);
  return [table(['file', 'size', 'sha-256', ''], rows), `${folder}: the model of ${recipeId} (${taskId.slice(0, 14)})`].join('\n');
}
