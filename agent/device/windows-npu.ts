import type { Missing } from '../../domain/device.ts';
import { powershell } from '../../platform/powershell.ts';

/** Windows puts NPUs in the device class ComputeAccelerator. */
const LIST_NPUS =
  "Get-PnpDevice -Class ComputeAccelerator -PresentOnly -ErrorAction SilentlyContinue | ForEach-Object { $_.FriendlyName + '|' + $_.Status }";

/** One line for every NPU Windows shows, or one that says there is none. This version has no execution provider that runs on an NPU. */
export async function missingWindowsNpus(): Promise<readonly Missing[]> {
  const output = await powershell(LIST_NPUS);
  return output === undefined
    ? [{ what: 'NPU', why: 'unknown: PowerShell could not list the ComputeAccelerator class' }]
    : explainPnpDevices(output);
}

/** @param output lines `name|status` as PnP gives them. */
export function explainPnpDevices(output: string): readonly Missing[] {
  const lines = output.split(/\r?\n/).filter((line) => line.includes('|'));
  if (lines.length === 0) return [{ what: 'NPU', why: 'not-present: no device of class ComputeAccelerator' }];
  return lines.map((line) => {
    const [name = '', status = ''] = line.split('|');
    const what = `NPU ${name.trim()}`.slice(0, 300);
    if (status.trim() !== 'OK')
      return { what, why: `no-driver: Windows reports "${status.trim()}"`, fix: 'Install or update the vendor driver.' };
    return {
      what,
      why: 'not-installed: no execution provider for it is installed',
      fix: 'Its recipes run here with --substitute-ep cpu meanwhile.',
    };
  });
}
