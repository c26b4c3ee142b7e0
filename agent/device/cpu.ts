import { cpus, totalmem } from 'node:os';
import type { Sysfs } from './sysfs.ts';

/** What the probe knows of the processor and the machine around it. null = not known, with the reason in `unknown`. */
export interface CpuFacts {
  readonly model: string;
  readonly memoryBytes: number;
  readonly sku: string | null;
  readonly bios: string | null;
  readonly microcode: string | null;
  readonly virtualMachine: boolean | null;
  readonly unknown: Readonly<Record<string, string>>;
}

const DMI = 'sys/class/dmi/id';

/** Values that firmware vendors leave where a name should be. */
const PLACEHOLDER = /^(to be filled by o\.?e\.?m\.?|system product name|default string|not specified|none|n\/a|unknown)$/i;

/** Processor, firmware and virtualisation of a Linux machine from `/proc` and `/sys`; elsewhere what Node itself knows. */
export async function probeCpu(sysfs: Sysfs, platform: NodeJS.Platform = process.platform): Promise<CpuFacts> {
  if (platform !== 'linux')
    return { ...genericFacts(), sku: null, bios: null, microcode: null, virtualMachine: null, unknown: UNKNOWN_ELSEWHERE };
  const cpuinfo = (await sysfs.text('proc/cpuinfo')) ?? '';
  const [sku, bios] = [await machineModel(sysfs), await biosVersion(sysfs)];
  const unknown: Record<string, string> = {};
  if (sku === null) unknown['sku'] = await sysfs.whyUnreadable(`${DMI}/product_name`);
  if (bios === null) unknown['bios'] = await sysfs.whyUnreadable(`${DMI}/bios_version`);
  const generic = genericFacts();
  return {
    model: field(cpuinfo, 'model name') ?? field(cpuinfo, 'Model') ?? generic.model,
    memoryBytes: (await memoryTotal(sysfs)) ?? generic.memoryBytes,
    sku,
    bios,
    microcode: field(cpuinfo, 'microcode') ?? null,
    // The flag exists on x86 only; Arm guests are told by their firmware's name.
    virtualMachine: / hypervisor( |$)/m.test(cpuinfo) || /\b(kvm|qemu|virtualbox|vmware|virtual machine|hyper-v|xen)\b/i.test(sku ?? ''),
    unknown,
  };
}

const UNKNOWN_ELSEWHERE = { sku: 'not-probed', bios: 'not-probed', virtualMachine: 'not-probed' };

function genericFacts(): Pick<CpuFacts, 'model' | 'memoryBytes'> {
  return { model: cpus()[0]?.model.trim() || 'unknown CPU', memoryBytes: totalmem() };
}

function field(cpuinfo: string, name: string): string | undefined {
  const line = cpuinfo.split('\n').find((candidate) => candidate.split(':', 1)[0]?.trim() === name);
  return line?.slice(line.indexOf(':') + 1).trim() || undefined;
}

/** `LENOVO 21J9`: vendor and product as the firmware gives them. */
async function machineModel(sysfs: Sysfs): Promise<string | null> {
  const parts = [await sysfs.text(`${DMI}/sys_vendor`), await sysfs.text(`${DMI}/product_name`)].filter(
    (part) => part !== undefined && !PLACEHOLDER.test(part),
  );
  if (parts.length > 0) return parts.join(' ').slice(0, 300);
  // Arm boards describe themselves in the device tree, NUL-terminated.
  return (await sysfs.text('proc/device-tree/model'))?.replaceAll('\0', '') ?? null;
}

async function biosVersion(sysfs: Sysfs): Promise<string | null> {
  const parts = [await sysfs.text(`${DMI}/bios_version`), await sysfs.text(`${DMI}/bios_date`)].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(' ') : null;
}

async function memoryTotal(sysfs: Sysfs): Promise<number | undefined> {
  const kilobytes = /^MemTotal:\s+(\d+) kB$/m.exec((await sysfs.text('proc/meminfo')) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}
