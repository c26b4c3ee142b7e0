import { GroveError } from '../../domain/errors.ts';
import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove model show ID`: the files of one imported model. */
export const registerModelShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'model', 'models that were brought to the farm')
    .command('show <id>')
    .description('show one imported model');
  withOutput(command).action(async (id: string, options: OutputOptions) => {
    const { models } = await (await clientOf(command, context)).models();
    const model = models.find(({ modelId }) => modelId === id);
    if (model === undefined) throw new GroveError('not-found', { kind: 'imported model', id });
    print({ ...options, terminal: context.terminal }, model, ({ files, revision }) =>
      [
        `${id} at ${revision ?? 'an unknown revision'}`,
        table(
          ['file', 'bytes', 'SHA-256'],
          Object.entries(files).map(([path, { sizeBytes, sha256 }]) => [path, String(sizeBytes), sha256]),
        ),
      ].join('\n'),
    );
  });
};
