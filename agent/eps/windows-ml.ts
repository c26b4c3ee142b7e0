import { GroveError } from '../../domain/errors.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import { powershell } from '../../platform/powershell.ts';

/** An execution provider that Windows ML installed: its files stay where Windows keeps and updates them. */
export interface WindowsMlPackage {
  readonly location: string;
  readonly version: string;
  /** Id of the provider. */
  readonly ep: string;
}

/** Windows ML installs each provider as an application package; the catalogue's own calls need the Windows App SDK, this needs nothing. */
const LIST_PACKAGES =
  "Get-AppxPackage -Name '*WinML*' -ErrorAction SilentlyContinue | ForEach-Object { $_.Name + '|' + $_.Version + '|' + $_.InstallLocation }";

/**
 * Finds a provider of the Windows ML catalogue by its name there (`QNN`, `OpenVINO`, `VitisAI`, `NvTensorRtRtx`, `MIGraphX`; case does not matter).
 * Throws `invalid-ep-package` elsewhere than on Windows, for a name that no provider has, and when Windows has not installed it.
 */
export async function findWindowsMl(name: string, list: () => Promise<string | undefined> = listPackages): Promise<WindowsMlPackage> {
  const ep = WINDOWS_ML_NAMES.get(name.toLowerCase().replace(/executionprovider$/, ''));
  const source = `winml:${name}`;
  if (ep === undefined) {
    const known = [...WINDOWS_ML_NAMES.keys()].join(', ');
    throw new GroveError('invalid-ep-package', { package: source, problem: `Windows ML has no such provider (it has ${known})` });
  }
  const output = await list();
  if (output === undefined)
    throw new GroveError('invalid-ep-package', { package: source, problem: 'Windows ML exists on Windows 11 24H2 or later only' });
  const found = installedPackages(output).find(({ name: installed }) => PACKAGE_NAMES[ep]?.test(installed));
  if (found === undefined) {
    const problem =
      'Windows has not installed it: make it ready once (EpCatalog ensure_ready of the `windowsml` Python package, or an application that uses Windows ML)';
    throw new GroveError('invalid-ep-package', { package: source, problem });
  }
  return { location: found.location, version: found.version, ep };
}

/** Name in the catalogue, lower case -> id of our definition. */
const WINDOWS_ML_NAMES: ReadonlyMap<string, string> = new Map([
  ['qnn', EP_DEFINITIONS.QNNExecutionProvider.id],
  ['openvino', EP_DEFINITIONS.OpenVINOExecutionProvider.id],
  ['vitisai', EP_DEFINITIONS.VitisAIExecutionProvider.id],
  ['nvtensorrtrtx', EP_DEFINITIONS.NvTensorRTRTXExecutionProvider.id],
  ['migraphx', EP_DEFINITIONS.MIGraphXExecutionProvider.id],
]);

/** Id -> what its application package is called. */
const PACKAGE_NAMES: Readonly<Record<string, RegExp>> = {
  qnn: /Qualcomm.*QNN/i,
  openvino: /Intel.*OpenVINO/i,
  vitisai: /AMD\.NPU/i,
  'tensorrt-rtx': /NVIDIA.*TRT-?RTX/i,
  migraphx: /AMD\.GPU/i,
};

/** What Windows ML has installed of a provider: the version, and the name that `grove ep add winml:NAME` takes. */
export function windowsMlPackageOf(
  id: string,
  installed: readonly { readonly name: string; readonly version: string }[],
): { readonly version: string; readonly catalogueName: string } | undefined {
  const found = installed.find(({ name }) => PACKAGE_NAMES[id]?.test(name));
  const catalogueName = [...WINDOWS_ML_NAMES].find(([, own]) => own === id)?.[0];
  return found === undefined || catalogueName === undefined ? undefined : { version: found.version, catalogueName };
}

/** @param output lines `name|version|folder`. */
function installedPackages(output: string): readonly { readonly name: string; readonly version: string; readonly location: string }[] {
  return output.split(/\r?\n/).flatMap((line) => {
    const [name, version, location] = line.trim().split('|');
    return name && version && location ? [{ name, version, location }] : [];
  });
}

async function listPackages(): Promise<string | undefined> {
  return process.platform === 'win32' ? powershell(LIST_PACKAGES) : undefined;
}
