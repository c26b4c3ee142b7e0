import { join } from 'node:path';
import type { TaskStore } from '../../coordinator/store/task-store.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { FleetProcess } from '../fleet/fleet-process.ts';
import type { FleetConfig } from '../fleet/fleet-protocol.ts';
import { BENCH_FOLDER, inFreshFolder } from '../work-place.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { withMemoryStore, withRedisStore } from './open-store.ts';
import type { Services } from './services.ts';
import { type StandInModel, uploadStandIn } from './submits.ts';

/** A coordinator, a fleet and this process: three processes over loopback. */
export interface BenchFarm {
  readonly coordinator: CoordinatorProcess;
  readonly fleet: FleetProcess;
  readonly model: StandInModel;
}

export interface BenchFarmOptions extends Omit<FleetConfig, 'grpcAddress' | 'model' | 'joinWithinMs'> {
  /** Leave a CPU profile of the coordinator in the benches' folder. */
  readonly profile: boolean;
  /** Where the coordinator keeps its state; without them in memory with a journal, synced to the disk of the checkout. */
  readonly services?: Services;
  /** Writes to the store before the coordinator starts: over REST there is one submitter only. */
  readonly prepare?: (store: TaskStore) => Promise<void>;
}

export function withFarm<T>(options: BenchFarmOptions, work: (farm: BenchFarm) => Promise<T>): Promise<T> {
  const { profile, services, prepare, ...fleetOptions } = options;
  return inFreshFolder(async (folder) => {
    if (prepare !== undefined && services !== undefined) await withRedisStore(services.redisUrl, prepare);
    else if (prepare !== undefined) await withMemoryStore(folder, prepare);
    const coordinator = await CoordinatorProcess.start(folder, {
      profileFolder: profile ? join(BENCH_FOLDER, 'profiles') : undefined,
      env: services?.env,
    });
    try {
      const model = await uploadStandIn(coordinator.client);
      const config = { grpcAddress: coordinator.grpcAddress, model: model.converted, ...fleetOptions };
      const fleet = await FleetProcess.join(config, INSTALLATION_FOLDER);
      try {
        return await work({ coordinator, fleet, model });
      } finally {
        await fleet.stop();
      }
    } finally {
      await coordinator.stop();
    }
  });
}
