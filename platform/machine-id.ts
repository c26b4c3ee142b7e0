import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { powershell } from './powershell.ts';
import { sha256 } from './sha256.ts';

const run = promisify(execFile);

/** Which machine this is, and how it was told. */
export interface MachineIdentity {
  /** SHA-256 over a prefix and the machine id: stable, and does not reveal the id itself, which systemd asks to keep confidential. */
  readonly hostId: string;
  readonly source: 'machine-id' | 'smbios' | 'platform-uuid' | 'fallback';
}

/**
 * Linux: `/etc/machine-id`, else D-Bus's copy. Windows: the SMBIOS UUID (the registry's MachineGuid is copied by disk images). macOS: IOPlatformUUID.
 * Where none can be read (a container without the file), the fallback hashes host name and network hardware addresses: it changes with them, so such
 * machines should set `hostId` in the agent's configuration.
 *
 * @param root prefix of the file system, for tests.
 */
export async function readMachineIdentity(root = '/'): Promise<MachineIdentity> {
  if (process.platform === 'win32') return identityFrom('smbios', await smbiosUuid());
  if (process.platform === 'darwin') return identityFrom('platform-uuid', await platformUuid());
  return identityFrom('machine-id', await linuxMachineId(root));
}

function identityFrom(source: MachineIdentity['source'], id: string | undefined): MachineIdentity {
  if (id === undefined || /^0*$/.test(id.replaceAll('-', '')) || /^f*$/i.test(id.replaceAll('-', '')))
    return { hostId: hostIdOf(fallbackId()), source: 'fallback' };
  return { hostId: hostIdOf(id.toLowerCase()), source };
}

function hostIdOf(id: string): string {
  return sha256(`grove-host:${id}`);
}

async function linuxMachineId(root: string): Promise<string | undefined> {
  for (const path of ['etc/machine-id', 'var/lib/dbus/machine-id']) {
    const id = await readFile(join(root, path), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
    if (/^[0-9a-f]{32}$/i.test(id)) return id;
  }
  return undefined;
}

async function smbiosUuid(): Promise<string | undefined> {
  const output = await powershell('(Get-CimInstance Win32_ComputerSystemProduct -Property UUID).UUID');
  return /[0-9A-Fa-f-]{36}/.exec(output ?? '')?.[0];
}

async function platformUuid(): Promise<string | undefined> {
  try {
    const { stdout } = await run('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], { timeout: 20_000 });
    return /"IOPlatformUUID" = "([0-9A-Fa-f-]{36})"/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function fallbackId(): string {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal)
    .map((entry) => entry.mac);
  return [hostname(), ...new Set(addresses)].sort().join('|');
}
