import { environmentId } from '../domain/device.ts';
import { toGroveError } from '../domain/errors.ts';
import type { JobId } from '../domain/names.ts';
import { findCatalogueRecipe } from '../domain/recipe/catalogue.ts';
import type { ParseRecipe } from '../domain/recipe/parse-recipe.ts';
import { readConditions } from '../domain/selector/parse.ts';
import { sha256 } from '../platform/sha256.ts';
import { expandFollowed } from './expand/follow.ts';
import { knownDevices } from './expand/placement.ts';
import { runnableOn } from './expand/runnable-on.ts';
import type { Parts } from './parts.ts';
import type { RestDeps } from './rest/deps.ts';
import { createFleetWatch, type FleetWatch } from './triggers/fleet-watch.ts';
import { createFollowFleet } from './triggers/follow-fleet.ts';
import { createPinnedSuites } from './triggers/pinned-suites.ts';
import { type RunSuiteDeps, runSuite } from './triggers/run-suite.ts';
import type { FindDevices } from './triggers/suite-requests.ts';

export interface Triggers {
  readonly suites: RestDeps['suites'];
  /** Hears of every hello. */
  readonly fleetWatch: FleetWatch;
}

export interface TriggerRequest {
  readonly submit: RunSuiteDeps['submit'];
  readonly parse: ParseRecipe;
  /** A job has got tasks whose source may be resolved already. */
  lookAt(jobId: JobId): void;
}

/** Jobs that follow the fleet, suites, and what a change of the fleet means to them. */
export function startTriggers(parts: Parts, request: TriggerRequest): Triggers {
  const { undo, log, clock, suites, pins } = parts;
  const runDeps: RunSuiteDeps = { suites, submit: request.submit, findDevices: () => findDevices(parts), sha256 };
  const followFleet = followFleetOf(parts, request);
  const pinnedSuites = pinnedSuitesOf(parts, runDeps);
  const fleetWatch = createFleetWatch({
    clock,
    look: async () => {
      await followFleet();
      await pinnedSuites();
    },
    onError: (error) => log('fleet-not-looked-at', { error: toGroveError(error).message }),
  });
  undo.add(() => fleetWatch.stop());
  const commands: RestDeps['suites'] = {
    all: suites,
    pins: () => pins.pins(),
    pin: async (pin) => {
      await pins.pin(pin);
      fleetWatch.note();
    },
    unpin: async (suite) => void (await pins.unpin(suite)),
    run: (name, asked, context) => runSuite(runDeps, { name, request: asked, context }),
  };
  return { suites: commands, fleetWatch };
}

function followFleetOf({ log, clock, store, imports, catalogue }: Parts, { parse, lookAt }: TriggerRequest) {
  return createFollowFleet({
    store,
    clock,
    grow: async (input) => expandFollowed({ ...input, imported: await imports.data(), catalogue, sha256, parse }),
    onGrown: (jobId, tasks) => {
      log('job-grown', { jobId, tasks });
      lookAt(jobId);
    },
    onError: (jobId, error) => log('job-not-grown', { jobId, error: toGroveError(error).message }),
  });
}

function pinnedSuitesOf({ log, store, pins, histories }: Parts, runDeps: RunSuiteDeps) {
  return createPinnedSuites({
    ...runDeps,
    pins: () => pins.pins(),
    agents: () => store.agents(),
    matrix: () => histories.matrix(),
    history: (cellId) => histories.history(cellId),
    environmentOf: ({ host }, { profile }) => environmentId(profile, host, sha256),
    onTriggered: (what) => log('suite-triggered', { ...what }),
    onError: (what, error) => log('suite-not-run', { ...what, error: toGroveError(error).message }),
  });
}

async function findDevices({ store, catalogue }: Parts): Promise<FindDevices> {
  const devices = knownDevices(await store.agents());
  return (recipeId, { substituteEp = null, where, ...asked }) => {
    const { recipe } = findCatalogueRecipe(catalogue, recipeId);
    return runnableOn(recipe, devices, { ...asked, substituteEp, where: readConditions(where) }).map(({ name }) => name);
  };
}
