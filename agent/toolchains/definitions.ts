import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ToolchainName, toolchainId } from '../../domain/toolchains.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { sha256 } from '../../platform/sha256.ts';

/** What a toolchain consists of. */
export interface ToolchainDefinition {
  readonly title: string;
  /** Packages whose import proves it, with their names in the package index. */
  readonly proves: Readonly<Record<string, string>>;
  /** Minor versions of Python 3 that its packages exist for. */
  readonly pythonMinors: readonly [oldest: number, newest: number];
  /** Pinned versions with the digests of their wheels, as pip reads them. */
  readonly requirements: string;
  /** Free space an installation needs: downloads and the unpacked environment. */
  readonly neededBytes: number;
}

const requirementsOf = (name: ToolchainName) => join(INSTALLATION_FOLDER, 'engine', 'toolchain', name, 'requirements.txt');

/** Every toolchain Grove knows how to install. */
export const TOOLCHAIN_DEFINITIONS: Readonly<Record<ToolchainName, ToolchainDefinition>> = {
  openvino: {
    title: 'OpenVINO and NNCF',
    proves: { openvino: 'openvino', nncf: 'nncf' },
    pythonMinors: [10, 14],
    requirements: requirementsOf('openvino'),
    neededBytes: 1_200_000_000,
  },
  olive: {
    title: 'Olive',
    proves: { olive: 'olive-ai', onnxruntime: 'onnxruntime', torch: 'torch', transformers: 'transformers' },
    pythonMinors: [11, 13],
    requirements: requirementsOf('olive'),
    neededBytes: 14_000_000_000,
  },
};

/** Id of the toolchain that this Grove installs under that name. Line ends of a checkout do not change it. */
export async function currentId(name: ToolchainName): Promise<string> {
  const requirements = await readFile(TOOLCHAIN_DEFINITIONS[name].requirements, 'utf8');
  return toolchainId(name, sha256(requirements.replaceAll('\r\n', '\n')));
}
