import type { DeviceState } from './device.ts';
import type { GateFinding } from './gate.ts';

/** A state in one line, what is known of it: `battery, balanced, 55 °C, 4200 of 5100 MHz, load 3 %, others 12 % (apt)`. */
export function deviceStateText(state: DeviceState): string {
  const { temperatureC, utilization, clockMHz, powerSource, powerMode, governor, throttleReasons, freeMemoryBytes } = state;
  const parts = [
    powerSource === 'unknown' ? '' : powerSource,
    powerMode === 'unknown' ? '' : powerMode,
    governor == null || governor === powerMode ? '' : `governor ${governor}`,
    temperatureC === null ? '' : `${Math.round(temperatureC)} °C`,
    clockMHz == null ? '' : `${clockMHz.current}${clockMHz.max === null ? '' : ` of ${clockMHz.max}`} MHz`,
    throttleReasons == null || throttleReasons.length === 0 ? '' : `slowed down: ${throttleReasons.join(', ')}`,
    utilization === null ? '' : `load ${percent(utilization)}`,
    foreignText(state),
    state.stealShare == null || state.stealShare < 0.005 ? '' : `hypervisor takes ${percent(state.stealShare)}`,
    freeMemoryBytes === null ? '' : `${(freeMemoryBytes / 1e9).toFixed(1)} GB free`,
  ];
  return parts.filter(Boolean).join(', ');
}

function foreignText({ foreign }: DeviceState): string {
  if (foreign == null) return '';
  const names = foreign.processes.map(({ name }) => name).join(', ');
  return `others ${percent(foreign.cpuShare)}${names === '' ? '' : ` (${names})`}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** What gates found while a result was measured: `disturbed: it runs on battery; ...`, or nothing. */
export function warningsText(warnings: readonly GateFinding[]): string {
  return warnings.length === 0 ? '' : `disturbed: ${warnings.map(({ why }) => why).join('; ')}`;
}
