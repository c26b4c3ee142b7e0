import { join } from 'node:path';
import type { EpDefinition } from '../../engine/runtime/eps/ep-definition.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { RuntimeSpec } from '../../engine/runtime/load-runtime.ts';
import type { AgentConfig } from '../config.ts';
import type { EpPackage } from './ep-package.ts';

/** How this machine runs one execution provider. */
export interface MachineEp {
  readonly runtime: RuntimeSpec;
  /** Options a measurement starts from; a recipe's own win. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Options that belong to the machine (library paths, device numbers): they win over a recipe's. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Puts together what the configuration and the installed packages say of a provider: the configured package, else the newest one, else what is
 * compiled into the configured or shipped ONNX Runtime.
 */
export function machineEp(
  ep: ExecutionProvider,
  { runtime, eps }: Pick<AgentConfig, 'runtime' | 'eps'>,
  packages: readonly EpPackage[],
): MachineEp {
  const definition: EpDefinition = EP_DEFINITIONS[ep];
  const own = eps[ep] ?? {};
  const installed = own.ort === undefined ? packageOf(ep, own.package, packages) : undefined;
  const libraryPath = own.ort ?? (installed?.ort === undefined ? runtime.ort : inPackage(installed, installed.ort));
  return {
    runtime: {
      adapter: installed === undefined && own.ort === undefined ? runtime.adapter : 'ort-native',
      ...(libraryPath !== null && { libraryPath }),
      ...(installed?.kind === 'plugin' && { plugins: { [ep]: inPackage(installed, installed.library) } }),
      ...(installed !== undefined && { epPackage: { id: installed.id, libraryDigest: installed.libraryDigest } }),
    },
    defaults: definition.benchmarkDefaults,
    options: { ...packageOptions(installed), ...own.options },
  };
}

/** The package a provider comes from: the named one, else the one of the highest version. */
export function packageOf(ep: ExecutionProvider, id: string | undefined, packages: readonly EpPackage[]): EpPackage | undefined {
  const own = packages.filter((candidate) => candidate.ep === ep);
  if (id !== undefined) return own.find((candidate) => candidate.id === id);
  return own.toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))[0];
}

function packageOptions(installed: EpPackage | undefined): Record<string, string> {
  if (installed === undefined) return {};
  return Object.fromEntries(Object.entries(installed.options).map(([option, file]) => [option, inPackage(installed, file)]));
}

function inPackage({ folder }: EpPackage, file: string): string {
  return join(folder, ...file.split('/'));
}
