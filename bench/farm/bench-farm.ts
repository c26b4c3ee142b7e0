import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { FleetProcess } from '../fleet/fleet-process.ts';
import type { FleetConfig } from '../fleet/fleet-protocol.ts';
import { BENCH_FOLDER, inFreshFolder } from '../work-place.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { anyDevice, type StandInModel, submitAndWait, uploadStandIn } from './submits.ts';

/** A coordinator, a fleet and this process: three processes over loopback. The stand-in's conversion is stored already. */
export interface BenchFarm {
  readonly coordinator: CoordinatorProcess;
  readonly fleet: FleetProcess;
  readonly model: StandInModel;
}

export interface BenchFarmOptions extends Pick<FleetConfig, 'agents' | 'lanes' | 'taskMs'> {
  /** Leave a CPU profile of the coordinator in the benches' folder. */
  readonly profile: boolean;
}

export function withFarm<T>({ profile, ...fleetOptions }: BenchFarmOptions, work: (farm: BenchFarm) => Promise<T>): Promise<T> {
  return inFreshFolder(async (folder) => {
    const coordinator = await CoordinatorProcess.start(folder, profile ? join(BENCH_FOLDER, 'profiles') : undefined);
    try {
      const model = await uploadStandIn(coordinator.client);
      const config = { grpcAddress: coordinator.grpcAddress, model: model.converted, ...fleetOptions };
      const fleet = await FleetProcess.join(config, INSTALLATION_FOLDER);
      try {
        await submitAndWait(coordinator.client, anyDevice(model));
        return await work({ coordinator, fleet, model });
      } finally {
        await fleet.stop();
      }
    } finally {
      await coordinator.stop();
    }
  });
}
