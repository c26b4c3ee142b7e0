/** A program and what it is asked; `powershell` takes an expression. */
interface Query {
  readonly tool: string;
  readonly args: readonly string[];
}

const CSV = '--format=csv,noheader,nounits';
/** Device and vendor number as one: `0x233010DE`. */
const NVIDIA_STATE = 'pci.device_id,temperature.gpu,utilization.gpu,memory.free,clocks.sm,clocks.max.sm';

/** NPUs, GPUs and the machine around them, as one JSON document: each start of PowerShell takes half a second. */
const WINDOWS_DEVICES = `
$ErrorActionPreference='SilentlyContinue';
function Prop($d,$k){ (Get-PnpDeviceProperty -InstanceId $d.InstanceId -KeyName $k).Data };
$npus=@(Get-PnpDevice -Class ComputeAccelerator -PresentOnly | ForEach-Object { @{ name=$_.FriendlyName; status=$_.Status; problem=[string]$_.Problem;
 ids=@(Prop $_ 'DEVPKEY_Device_HardwareIds'); driver=[string](Prop $_ 'DEVPKEY_Device_DriverVersion'); service=[string](Prop $_ 'DEVPKEY_Device_Service') } });
$memory=@{}; Get-ChildItem 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}' | ForEach-Object { $v=Get-ItemProperty $_.PSPath;
 if ($v.MatchingDeviceId) { $memory[[string]$v.MatchingDeviceId]=$v.'HardwareInformation.qwMemorySize' } };
$gpus=@(Get-CimInstance Win32_VideoController -Property Name,PNPDeviceID,DriverVersion,Status | ForEach-Object { @{ name=$_.Name; id=$_.PNPDeviceID; driver=$_.DriverVersion; status=$_.Status } });
$system=Get-CimInstance Win32_ComputerSystem -Property Manufacturer,Model,HypervisorPresent; $bios=Get-CimInstance Win32_BIOS -Property SMBIOSBIOSVersion;
$ml=@(Get-AppxPackage -Name '*WinML*' | ForEach-Object { @{ name=$_.Name; version=[string]$_.Version } });
@{ npus=$npus; gpus=$gpus; memory=$memory; manufacturer=$system.Manufacturer; model=$system.Model; bios=$bios.SMBIOSBIOSVersion; hypervisor=$system.HypervisorPresent; windowsMl=$ml } | ConvertTo-Json -Compress -Depth 4`;

/** Power, clocks, heat and processes, as one JSON document. */
const WINDOWS_STATE = `
$ErrorActionPreference='SilentlyContinue';
$key=Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Power\\User\\PowerSchemes';
$battery=@(Get-CimInstance Win32_Battery -Property BatteryStatus | ForEach-Object { [int]$_.BatteryStatus });
$cpu=Get-CimInstance Win32_Processor -Property MaxClockSpeed | Select-Object -First 1;
$performance=Get-CimInstance Win32_PerfFormattedData_Counters_ProcessorInformation -Filter "Name='_Total'" -Property PercentProcessorPerformance,PercentProcessorUtility;
$zones=@(Get-CimInstance Win32_PerfFormattedData_Counters_ThermalZoneInformation -Property HighPrecisionTemperature,PercentPassiveLimit | ForEach-Object { @{ tenthsKelvin=[double]$_.HighPrecisionTemperature; passiveLimit=$_.PercentPassiveLimit } });
$processes=@(Get-CimInstance Win32_Process -Property ProcessId,ParentProcessId,Name,KernelModeTime,UserModeTime | ForEach-Object { ,@($_.ProcessId,$_.ParentProcessId,$_.Name,([double]$_.KernelModeTime+[double]$_.UserModeTime)/1e7) });
@{ scheme=[string](powercfg /getactivescheme); overlayAc=[string]$key.ActiveOverlayAcPowerScheme; overlayDc=[string]$key.ActiveOverlayDcPowerScheme; battery=$battery;
 maxClockMHz=$cpu.MaxClockSpeed; performancePercent=$performance.PercentProcessorPerformance; utilityPercent=$performance.PercentProcessorUtility; zones=$zones; processes=$processes } | ConvertTo-Json -Compress -Depth 4`;

/** Every question asked of a tool, by the name that fixtures keep its answer under. */
export const QUERIES = {
  'nvidia-gpus': {
    tool: 'nvidia-smi',
    args: ['--query-gpu=pci.device_id,name,driver_version,vbios_version,memory.total,compute_cap,mig.mode.current', CSV],
  },
  'nvidia-state': { tool: 'nvidia-smi', args: [`--query-gpu=${NVIDIA_STATE},clocks_event_reasons.active`, CSV] },
  /** The name that drivers before 535 have for it; an unknown field fails the whole question. */
  'nvidia-state-before-535': { tool: 'nvidia-smi', args: [`--query-gpu=${NVIDIA_STATE},clocks_throttle_reasons.active`, CSV] },
  'windows-devices': { tool: 'powershell', args: [WINDOWS_DEVICES] },
  'windows-state': { tool: 'powershell', args: [WINDOWS_STATE] },
} as const satisfies Record<string, Query>;
export type QueryName = keyof typeof QUERIES;
