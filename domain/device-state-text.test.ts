import { describe, expect, it } from 'vitest';
import type { DeviceState } from './device.ts';
import { deviceStateText, warningsText } from './device-state-text.ts';

const SILENT: DeviceState = { temperatureC: null, utilization: null, freeMemoryBytes: null, powerSource: 'unknown', powerMode: 'unknown' };

describe('the state of a device as a line', () => {
  it('has what is known', () => {
    expect(
      deviceStateText({
        ...{ temperatureC: 55.25, utilization: 0.03, freeMemoryBytes: 16.4e9, powerSource: 'battery', powerMode: 'balanced' },
        ...{ clockMHz: { current: 4_200, max: 5_100 }, governor: 'powersave, power', throttleReasons: ['power cap'], stealShare: 0.02 },
        foreign: { cpuShare: 0.12, processes: [{ name: 'apt', cpuShare: 0.12 }] },
      }),
    ).toBe(
      'battery, balanced, governor powersave, power, 55 °C, 4200 of 5100 MHz, slowed down: power cap, load 3 %, others 12 % (apt), hypervisor takes 2 %, 16.4 GB free',
    );
  });

  it('is empty where nothing is', () => {
    expect(deviceStateText(SILENT)).toBe('');
  });
});

it('names what disturbed a measurement', () => {
  expect(warningsText([])).toBe('');
  expect(warningsText([{ gate: 'battery', why: 'it runs on battery' }])).toBe('disturbed: it runs on battery');
});
