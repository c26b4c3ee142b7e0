import { cpus, totalmem } from 'node:os';
import { isWindowsGuest, type WindowsHardware } from './hardware/windows-hardware.ts';
import type { Machine } from './machine.ts';
import type { Sysfs } from './sysfs.ts';

/** What the probe knows of the processor and the machine around it. null = not known, with the reason in `unknown`. */
export interface CpuFacts {
  readonly model: string;
  readonly memoryBytes: number;
  readonly sku: string | null;
  readonly bios: string | null;
  readonly microcode: string | null;
  readonly virtualMachine: boolean | null;
  /** Instruction sets that matter to inference, of those the processor tells: `avx2`, `avx512_vnni`, `i8mm`. */
  readonly instructionSets: readonly string[];
  readonly unknown: Readonly<Record<string, string>>;
}

/** Instruction sets that ONNX Runtime's and OpenVINO's kernels choose by. */
const INSTRUCTION_SETS: ReadonlySet<string> = new Set([
  ...['avx2', 'fma', 'f16c', 'avx_vnni', 'avx512f', 'avx512bw', 'avx512vl', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16'],
  ...['amx_tile', 'amx_int8', 'amx_bf16', 'asimddp', 'i8mm', 'bf16', 'sve', 'sme'],
]);

const DMI = 'sys/class/dmi/id';

/** Values that firmware vendors leave where a name should be. */
const PLACEHOLDER = /^(to be filled by o\.?e\.?m\.?|system product name|default string|not specified|none|n\/a|unknown)$/i;

/**
 * Processor, firmware and virtualisation: of Linux from `/proc` and `/sys`, of Windows from PnP and CIM, elsewhere what Node itself knows.
 *
 * @param windows what PnP answered, on Windows.
 */
export async function probeCpu(
  { platform, sysfs }: Pick<Machine, 'platform' | 'sysfs'>,
  windows: WindowsHardware | undefined,
): Promise<CpuFacts> {
  if (platform === 'linux') return await linuxCpu(sysfs);
  return windows === undefined ? { ...genericFacts(), ...UNKNOWN_ELSEWHERE } : windowsCpu(windows);
}

function windowsCpu(windows: WindowsHardware): CpuFacts {
  const sku = [windows.manufacturer, windows.model].filter((part) => part !== null && !PLACEHOLDER.test(part)).join(' ');
  const virtualMachine = isWindowsGuest(windows);
  return {
    ...genericFacts(),
    ...{ sku: sku === '' ? null : sku.slice(0, 300), bios: windows.bios, microcode: null, virtualMachine, instructionSets: [] },
    unknown: {
      ...(sku === '' && { sku: 'not-present' }),
      ...(windows.bios === null && { bios: 'not-present' }),
      ...(virtualMachine === null && { virtualMachine: 'not-present' }),
    },
  };
}

async function linuxCpu(sysfs: Sysfs): Promise<CpuFacts> {
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
    instructionSets: (field(cpuinfo, 'flags') ?? field(cpuinfo, 'Features') ?? '').split(' ').filter((flag) => INSTRUCTION_SETS.has(flag)),
    unknown,
  };
}

const UNKNOWN_ELSEWHERE = {
  ...{ sku: null, bios: null, microcode: null, virtualMachine: null, instructionSets: [] },
  unknown: { sku: 'not-probed', bios: 'not-probed', virtualMachine: 'not-probed' },
} as const;

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
