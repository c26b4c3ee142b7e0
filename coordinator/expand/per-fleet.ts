import type { Device } from '../../domain/device.ts';

/** Answers kept per fleet and kind of question; at the limit all are forgotten. */
const MAX_ANSWERS = 1_000;

/**
 * Remembers what follows from the devices of a fleet and a key alone: all submits between two hellos ask the same of hundreds of machines. Answers go
 * with the list of devices, whose identity `knownDevices` keeps for as long as nobody says hello.
 */
export function perFleet<Answer>(): (devices: readonly Device[], key: string, make: () => Answer) => Answer {
  const fleets = new WeakMap<readonly Device[], Map<string, Answer>>();
  return (devices, key, make) => {
    const answers = fleets.get(devices) ?? new Map<string, Answer>();
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = make();
    if (answers.size >= MAX_ANSWERS) answers.clear();
    answers.set(key, answer);
    fleets.set(devices, answers);
    return answer;
  };
}
