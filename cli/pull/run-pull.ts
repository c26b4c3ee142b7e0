import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { GroveClient } from '../../api/client.ts';
import type { JobView } from '../../api/jobs.ts';
import type { TaskView } from '../../api/tasks.ts';
import { GroveError } from '../../domain/errors.ts';
import type { FileMap } from '../../domain/manifest.ts';
import type { CompiledModel, ConversionReport } from '../../domain/report.ts';
import { systemFiles } from '../../platform/files.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { bytes, print, type Terminal, table } from '../output.ts';
import { chooseCompiled } from './choose-compiled.ts';
import { chooseConversion } from './choose-conversion.ts';
import { type PulledFile, pullFiles } from './pull-files.ts';

/** Beside the model: where it comes from. */
const NOTE = 'conversion.json';

/** `grove pull`'s options. */
export interface PullOptions extends OutputOptions {
  readonly out: string;
  readonly recipe?: string;
  /** What the device compiled, in the place of the conversion. */
  readonly compiled?: boolean;
  /** Whose compiled model. */
  readonly device?: string;
  readonly overwrite?: boolean;
}

/** A model that was brought here. */
interface PulledModel {
  readonly jobId: string;
  readonly taskId: string;
  readonly recipeId: string;
  readonly folder: string;
  readonly files: readonly PulledFile[];
  /** How it was converted or compiled, and by whom. */
  readonly report: ConversionReport | CompiledModel;
}

/** What a pull needs of a farm. */
export interface PullClient extends Pick<GroveClient, 'task' | 'download'> {
  /** With all its tasks. */
  wholeJob(jobId: string): Promise<Pick<JobView, 'jobId' | 'tasks'>>;
}

/**
 * Brings the converted model of a job into a folder, or what its device compiled of it, with {@link NOTE} beside it that says where it comes from. Throws what choosing and
 * downloading throw; what is here by then is continued by the next call.
 */
export async function runPull(client: PullClient, jobId: string, { options, context }: PullCall): Promise<void> {
  const job = await client.wholeJob(jobId);
  const chosen = options.compiled === true ? chooseCompiled(job, options) : chooseConversion(job, options.recipe);
  const { files, report } = wantedOf((await client.task(chosen.taskId)).result, chosen.taskId, options);
  const folder = resolve(options.out);
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
  const model: PulledModel = { jobId, taskId, recipeId, folder, files: pulled, report };
  const note = `${JSON.stringify({ jobId, taskId, recipeId, report }, null, 2)}\n`;
  await systemFiles.writeAtomic(join(folder, NOTE), Buffer.from(note));
  print({ output: options.output, terminal: context.terminal }, model, pulledText);
}

type Wanted = Pick<PulledModel, 'report'> & { readonly files: FileMap };

/** The files of a result that are brought, and what is said of them. */
function wantedOf(result: TaskView['result'], taskId: string, { compiled }: PullOptions): Wanted {
  if (result?.kind === 'convert' && compiled !== true) return { files: result.artifact.files, report: result.report };
  if (result?.kind === 'benchmark' && result.report.compiled !== undefined) {
    const prefix = 'compiled/';
    const own = Object.entries(result.report.artifacts).filter(([path]) => path.startsWith(prefix));
    return { files: Object.fromEntries(own.map(([path, blob]) => [path.slice(prefix.length), blob])), report: result.report.compiled };
  }
  throw new GroveError('not-found', { kind: compiled === true ? 'compiled model' : 'converted model', id: taskId });
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
