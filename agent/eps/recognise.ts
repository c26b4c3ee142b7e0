import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { EpDefinition } from '../../engine/runtime/eps/ep-definition.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import type { EpPackage } from './ep-package.ts';

/** What files make a package of: everything but where they lie and their digest. */
export type RecognisedPackage = Pick<EpPackage, 'ep' | 'kind' | 'library' | 'options'> &
  Partial<Pick<EpPackage, 'ort'>> & { readonly definition: EpDefinition };

const ORT_LIBRARY = /^(?:libonnxruntime\.so(?:\.\d+)*|onnxruntime\.dll|libonnxruntime[.\d]*\.dylib)$/;

/**
 * Which execution provider files bring, by their names: a plug-in library, or an ONNX Runtime with a provider beside it. Throws
 * `invalid-ep-package` when they bring none, or several and `wanted` does not choose.
 *
 * @param files paths below the package's folder, `/`-separated.
 * @param wanted id of the provider (`qnn`), where a package has several (CUDA's has TensorRT).
 */
export function recognise(
  files: readonly string[],
  { source, wanted }: { readonly source: string; readonly wanted?: string },
): RecognisedPackage {
  const fitting = Object.values(EP_DEFINITIONS)
    .filter((definition) => wanted === undefined || definition.id === wanted)
    .flatMap((definition) => plugin(files, definition) ?? build(files, definition) ?? []);
  const [found, other] = fitting;
  if (found === undefined) {
    const what = wanted === undefined ? 'an execution provider Grove knows' : `the execution provider "${wanted}"`;
    throw new GroveError('invalid-ep-package', { package: source, problem: `no file of it is the library of ${what}` });
  }
  if (other !== undefined) {
    const ids = fitting.map(({ definition }) => definition.id).join(', ');
    throw new GroveError('invalid-ep-package', { package: source, problem: `it brings several providers (${ids}): choose one with --ep` });
  }
  return found;
}

function plugin(files: readonly string[], definition: EpDefinition): RecognisedPackage | undefined {
  const library = find(files, definition.pluginFile);
  if (library === undefined) return undefined;
  const options = Object.entries(definition.packageOptions).flatMap(([option, pattern]) => {
    const file = find(files, pattern);
    return file === undefined ? [] : [[option, file]];
  });
  return { definition, ep: definition.name, kind: 'plugin', library, options: Object.fromEntries(options) };
}

function build(files: readonly string[], definition: EpDefinition): RecognisedPackage | undefined {
  const library = find(files, definition.buildFile);
  const ort = find(files, ORT_LIBRARY);
  return library === undefined || ort === undefined
    ? undefined
    : { definition, ep: definition.name, kind: 'build', library, ort, options: {} };
}

/** The shortest fitting path: the same library may lie deeper once more. */
function find(files: readonly string[], pattern: RegExp | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  return files.filter((file) => pattern.test(basename(file))).sort((a, b) => a.length - b.length)[0];
}

/** The version a package's own metadata states: the folder `NAME-VERSION.dist-info` of a wheel. */
export function statedVersion(files: readonly string[]): string | undefined {
  return files.flatMap((file) => /^[^/]+-([^/-]+)\.dist-info\//.exec(file)?.[1] ?? [])[0];
}
