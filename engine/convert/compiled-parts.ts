import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Model } from '../graph/model.ts';
import { epContextNodes } from '../inspect/ep-context.ts';
import { resolveExternal } from '../onnx/external-data.ts';
import { COMPILED_EP, COMPILED_EP_VERSION } from '../onnx/metadata-names.ts';

/** What of a model an execution provider compiled before it came here. */
export interface CompiledParts {
  /** Folder of the ONNX file. */
  readonly folder: string;
  /** Files beside it that its EPContext nodes name, each once. */
  readonly files: readonly string[];
  /** Who compiled it, for `model_config.json`, in Olive's words where it has any; empty when the model does not say. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Undefined for a model without such parts. Throws `invalid-onnx` for a part whose file is missing or outside the folder. */
export function compiledParts(model: Model, folder: string): CompiledParts | undefined {
  // All of them, however many: a provider opens what each one names.
  const nodes = epContextNodes(model.graph, folder, Number.POSITIVE_INFINITY);
  const [first] = nodes;
  if (first === undefined) return undefined;
  const files = new Set<string>();
  for (const { name, file } of nodes) {
    if (file === null) continue;
    if (file.sizeBytes === null)
      throw new GroveError('invalid-onnx', { where: `EPContext node "${name}"`, problem: `its file "${file.location}" is missing` });
    files.add(file.location);
  }
  const ep = model.metadata.get(COMPILED_EP) ?? first.source;
  const version = model.metadata.get(COMPILED_EP_VERSION);
  return {
    folder,
    files: [...files],
    attributes: {
      ...(ep !== '' && { ep }),
      ...(version !== undefined && { ep_version: version }),
      ...(first.sdkVersion !== '' && { sdk_version: first.sdkVersion }),
    },
  };
}

/** Copies the files beside the model to where it is written; returns their names. Throws `invalid-onnx` for one with the name of a file that was written: `written`. */
export async function copyCompiledParts(
  { folder, files }: CompiledParts,
  outFolder: string,
  written: readonly string[],
): Promise<readonly string[]> {
  for (const name of files) {
    if (written.includes(posix.normalize(name.replaceAll('\\', '/')).toLowerCase()))
      throw new GroveError('invalid-onnx', {
        where: 'an EPContext node',
        problem: `its file "${name}" has the name of another file of the model`,
      });
    const from = resolveExternal(folder, name, 'an EPContext node');
    if (from === undefined) throw new GroveError('invalid-onnx', { where: 'an EPContext node', problem: `its file "${name}" is missing` });
    const to = join(outFolder, name);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
  }
  return files;
}
