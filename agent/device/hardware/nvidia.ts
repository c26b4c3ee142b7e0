import { hexOf } from './sighting.ts';

/** One line of the query `nvidia-gpus`. */
export interface NvidiaGpu {
  readonly deviceId: string | null;
  readonly model: string;
  readonly driver: string | null;
  readonly firmware: string | null;
  readonly memoryBytes: number | null;
}

/** What nvidia-smi tells of each GPU, in its order; none without an answer. A GPU divided by MIG says so in its name: its parts are other devices. */
export function nvidiaGpus(answer: string | undefined): readonly NvidiaGpu[] {
  return (answer ?? '').split('\n').flatMap((line) => {
    const [ids, name, driver, firmware, memory, , mig] = line.split(',').map((part) => part.trim());
    const deviceId = hexOf(ids?.slice(0, 6));
    if (deviceId === null || name === undefined || !/10de$/i.test(ids ?? '')) return [];
    const mebibytes = Number(memory);
    return {
      deviceId,
      model: `${name.startsWith('NVIDIA') ? name : `NVIDIA ${name}`}${mig === 'Enabled' ? ' (MIG)' : ''}`,
      driver: told(driver),
      firmware: told(firmware),
      memoryBytes: Number.isFinite(mebibytes) && mebibytes > 0 ? mebibytes * 1_048_576 : null,
    };
  });
}

/** nvidia-smi writes `[N/A]` and the like for what it does not know. */
function told(text: string | undefined): string | null {
  return text === undefined || text === '' || text.startsWith('[') ? null : text;
}
