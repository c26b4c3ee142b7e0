import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A machine as files: path below the root -> content; `-> target` makes a symbolic link. */
export type MachineFiles = Readonly<Record<string, string>>;

/** Lays a machine out below a folder. */
export async function layOut(root: string, files: MachineFiles): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), join(root, path));
    else await writeFile(join(root, path), content);
  }
}

/** A laptop with an AMD NPU that nobody has installed a driver for. */
export const STRIX_LAPTOP: MachineFiles = {
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  'etc/os-release': 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 25.04"\n',
  'proc/cpuinfo':
    'processor\t: 0\nmodel name\t: AMD Ryzen AI 9 HX 370 w/ Radeon 890M\nmicrocode\t: 0xb204037\nflags\t\t: fpu vme avx512_vnni\n',
  'proc/meminfo': 'MemTotal:       32000000 kB\nMemAvailable:   16000000 kB\n',
  'proc/loadavg': '0.00 0.10 0.20 1/500 1234\n',
  'sys/class/dmi/id/sys_vendor': 'ASUSTeK COMPUTER INC.\n',
  'sys/class/dmi/id/product_name': 'ProArt PX13 HN7306WI\n',
  'sys/class/dmi/id/bios_version': 'HN7306WI.310\n',
  'sys/class/dmi/id/bios_date': '04/18/2025\n',
  'sys/bus/pci/devices/0000:66:00.1/vendor': '0x1022\n',
  'sys/bus/pci/devices/0000:66:00.1/device': '0x17f0\n',
  'sys/bus/pci/devices/0000:66:00.1/class': '0x118000\n',
  'sys/class/drm/card1/device/vendor': '0x1002\n',
  'sys/class/drm/card1/device/device': '0x150e\n',
  'sys/class/drm/card1/device/driver': '-> ../../../../bus/pci/drivers/amdgpu',
  'sys/class/drm/card1-eDP-1/status': 'connected\n',
  'sys/class/power_supply/ACAD/type': 'Mains\n',
  'sys/class/power_supply/ACAD/online': '0\n',
  'sys/class/power_supply/BAT0/type': 'Battery\n',
  'sys/class/power_supply/BAT0/status': 'Discharging\n',
  'sys/firmware/acpi/platform_profile': 'balanced\n',
  'sys/class/thermal/thermal_zone0/temp': '48500\n',
  'sys/class/thermal/thermal_zone1/temp': '-274000\n',
};
