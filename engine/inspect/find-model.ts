import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';

/**
 * The ONNX file that a path means: itself, or of a folder `model.onnx` or its only `.onnx` file. Throws `invalid-argument` for a path that is not there,
 * and for a folder with none or with several.
 */
export async function findModelFile(path: string): Promise<string> {
  const status = await stat(path).catch((cause: unknown) => {
    throw new GroveError('invalid-argument', { problem: `there is no file or folder ${path}` }, { cause });
  });
  if (!status.isDirectory()) return path;
  const models = (await readdir(path)).filter((name) => name.toLowerCase().endsWith('.onnx')).sort();
  const [first] = models;
  if (models.includes('model.onnx')) return join(path, 'model.onnx');
  if (first !== undefined && models.length === 1) return join(path, first);
  const problem =
    models.length === 0
      ? `${path} holds no .onnx file; a checkpoint becomes one with \`grove convert\``
      : `${path} holds ${models.length} .onnx files (${models.slice(0, 3).join(', ')}): name one`;
  throw new GroveError('invalid-argument', { problem });
}
