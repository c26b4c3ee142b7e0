import type { z } from 'zod';
import type { Device, DeviceState, HostInfo } from '../../domain/device.ts';
import type { Json } from '../../domain/json.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { Grant } from '../../domain/protocol.ts';
import type { Assignment, Stage } from '../../domain/task.ts';
import type { AgentConfig } from '../config.ts';
import type { ModelCache } from './model-cache.ts';

/** Work for a process of its own, as a stage describes it. */
export interface StageProcess<Result> {
  /** Name in `child-main.ts`. */
  readonly stage: string;
  readonly request: Json;
  readonly result: z.ZodType<Result>;
  readonly timeoutMs: number;
  /** Part of the stage's progress this process stands for: [from, to]. Default: all of it. */
  readonly span?: readonly [number, number];
}

/** Everything a stage may use. One per attempt; `progress` belongs to the stage that runs. */
export interface TaskContext {
  readonly assignment: Assignment;
  readonly device: Device;
  readonly host: HostInfo;
  readonly config: AgentConfig;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly cache: ModelCache;
  /** Scratch of this attempt, empty at its start, removed at its end. */
  readonly folder: string;
  /** Aborts with a TaskStopped reason. */
  readonly signal: AbortSignal;
  /** State of the device; `none` while it is measured. */
  readState(tools: 'fresh' | 'none'): Promise<DeviceState>;
  log(line: string): void;
  /** Of the running stage, 0 to 1. */
  progress(fraction: number, note?: string): void;
  grants(direction: 'put' | 'get', blobs: readonly Blob[]): Promise<readonly Grant[]>;
  /** Undone when the attempt ends, however it ends; last first. */
  atEnd(undo: () => void): void;
  inChild<Result>(work: StageProcess<Result>): Promise<Result>;
}

/** Told before each stage begins. */
export type EnterStage = (stage: Stage) => void;

type Step<In, Out> = (value: In, context: TaskContext) => Promise<Out>;

/** Stages of one task kind in order, each fed what the one before returned, so the compiler knows what every stage may rely on. */
export class Pipeline<In, Out> {
  readonly stages: readonly Stage[];
  readonly #run: (value: In, context: TaskContext, enter: EnterStage) => Promise<Out>;

  private constructor(stages: readonly Stage[], run: (value: In, context: TaskContext, enter: EnterStage) => Promise<Out>) {
    this.stages = stages;
    this.#run = run;
  }

  static start<In>(): Pipeline<In, In> {
    return new Pipeline<In, In>([], async (value) => value);
  }

  stage<Next>(stage: Stage, step: Step<Out, Next>): Pipeline<In, Next> {
    return new Pipeline<In, Next>([...this.stages, stage], async (value, context, enter) => {
      const before = await this.#run(value, context, enter);
      context.signal.throwIfAborted();
      enter(stage);
      return await step(before, context);
    });
  }

  /** Throws what a stage throws, or the signal's reason between stages. */
  run(value: In, context: TaskContext, enter: EnterStage): Promise<Out> {
    return this.#run(value, context, enter);
  }
}
