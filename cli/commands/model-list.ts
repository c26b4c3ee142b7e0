import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove model list`: what was imported. */
export const registerModelList: RegisterCommand = (program, context) => {
  const command = noun(program, 'model', 'models that were brought to the farm').command('list').description('list the imported models');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.models(), ({ models }) =>
      table(
        ['model', 'revision', 'files', 'MB', 'imported'],
        models.map(({ modelId, revision, files, importedAt }) => [
          modelId,
          revision?.slice(0, 12) ?? 'unknown',
          String(Object.keys(files).length),
          (Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6).toFixed(1),
          new Date(importedAt).toISOString(),
        ]),
      ),
    );
  });
};
