import { GroveError } from '../../domain/errors.ts';
import { hubIdSchema, importedModelSchema } from '../../domain/imports.ts';
import { print } from '../output.ts';
import { snapshotOf } from '../sources/hub-cache.ts';
import { choiceText, readModelFolder } from '../sources/model-folder.ts';
import { uploadLocalFiles } from '../sources/upload.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface ImportOptions extends OutputOptions {
  readonly id?: string;
  readonly revision?: string;
}

/** `grove model import DIR`: gives the farm a model under the id recipes name, so that nobody asks a hub for it. */
export const registerModelImport: RegisterCommand = (program, context) => {
  const command = noun(program, 'model', 'models that were brought to the farm').command('import <dir|file.onnx>');
  command.description('give the farm a model (checkpoint folder or ONNX model) under a hub id; jobs that name the id use it');
  withOutput(command)
    .option('--id <owner/name>', 'the hub id (default: from the path, when it is a snapshot of a Hugging Face cache)')
    .option('--revision <commit>', 'the commit it was taken from (default: from the path of a snapshot)')
    .action(async (folder: string, options: ImportOptions) => {
      const snapshot = await snapshotOf(folder);
      const modelId = options.id ?? snapshot?.modelId;
      if (modelId === undefined || !hubIdSchema.safeParse(modelId).success)
        throw new GroveError('invalid-argument', {
          problem: `--id takes the hub id that recipes name (owner/name), not "${modelId ?? ''}"`,
        });
      const revision = options.revision ?? snapshot?.revision ?? null;
      if (!importedModelSchema.shape.revision.safeParse(revision).success)
        throw new GroveError('invalid-argument', { problem: `--revision takes a commit (40 hex digits), not "${revision}"` });
      const read = await readModelFolder(folder);
      const { files, synthetic } = read;
      const choice = choiceText(folder, read);
      if (choice !== undefined) context.terminal.error(choice);
      const client = await clientOf(command, context);
      const uploaded = await uploadLocalFiles(client, files, context.terminal);
      const model = await client.importModel({ modelId, revision, files: uploaded, synthetic });
      print({ ...options, terminal: context.terminal }, model, () => `${modelId}: ${files.length} files imported.`);
    });
};
