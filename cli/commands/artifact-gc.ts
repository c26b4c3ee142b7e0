import type { GarbageView, GroveClient } from '../../api/client.ts';
import { GroveError } from '../../domain/errors.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** Between questions while a collection runs. */
const ASK_AGAIN_MS = 300;

interface GcOptions extends OutputOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `grove artifact gc`: removes stored blobs that no job, result or import names. */
export const registerArtifactGc: RegisterCommand = (program, context) => {
  const command = noun(program, 'artifact', 'artifacts: what the farm stores')
    .command('gc')
    .description('remove stored blobs that nothing names any more');
  withOutput(command)
    .option('--dry-run', 'count them, remove nothing')
    .option('--yes', 'remove them')
    .action(async ({ dryRun = false, yes = false, ...options }: GcOptions) => {
      if (!dryRun && !yes)
        throw new GroveError('invalid-argument', { problem: 'This removes blobs for good: look with --dry-run, then give --yes' });
      const client = await clientOf(command, context);
      await client.collectGarbage(dryRun);
      const ended = await untilEnded(client, context.interrupted);
      if (ended.problem !== '') throw new GroveError('internal', { problem: ended.problem }, { message: ended.problem });
      print({ ...options, terminal: context.terminal }, ended, garbageText);
    });
};

async function untilEnded(client: GroveClient, interrupted: AbortSignal): Promise<GarbageView> {
  for (;;) {
    const view = await client.garbage();
    if (!view.running || interrupted.aborted) return view;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

function garbageText({ report, dryRun, running }: GarbageView): string {
  if (running) return 'It goes on in the background.';
  if (report === null) return 'Nothing was collected.';
  const { blobs, bytes, garbageBlobs, garbageBytes, removedBlobs, removedBytes, droppedUploads } = report;
  const found = `${blobs} blob(s), ${megabytes(bytes)}; ${garbageBlobs} that nothing names, ${megabytes(garbageBytes)}.`;
  return dryRun ? found : `${found} ${removedBlobs} removed, ${megabytes(removedBytes)}; ${droppedUploads} unfinished upload(s) dropped.`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
