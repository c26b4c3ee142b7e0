import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../graph/model.ts';
import { SharedDataFile } from '../onnx/data-file.ts';
import { type WrittenModel, writeModelFile } from '../onnx/write.ts';

/** Initializers from this size on go to the data file, which ONNX Runtime maps. */
const EXTERNAL_BYTES = 1024;

/** Name of the data file. */
export const SCRATCH_WEIGHTS = 'weights';

/** Models that only ONNX Runtime is to read, in a temporary folder: what weights several of them share is written once. */
export class ScratchModels {
  readonly #folder: string;
  readonly #weights: SharedDataFile;
  #count = 0;
  #ahead: Promise<unknown> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#weights = new SharedDataFile(join(folder, SCRATCH_WEIGHTS));
  }

  /** Makes a folder in `parent`, which exists; by default where the system keeps temporary files. */
  static async open(parent: string = tmpdir()): Promise<ScratchModels> {
    return new ScratchModels(await mkdtemp(join(parent, 'grove-scratch-')));
  }

  /**
   * Begins to write the weights of a model, for models that share them to find when they are written. Throws nothing: what fails here fails there.
   * The bytes must not change before the folder is closed.
   */
  writeAhead(model: Model): void {
    this.#ahead = this.#weights.place([...model.graph.initializers], EXTERNAL_BYTES);
    this.#ahead.catch(() => undefined);
  }

  /** Writes a model. Its bytes must not change before the folder is closed. */
  async write(model: Model): Promise<WrittenModel> {
    await this.#ahead;
    return writeModelFile(model, this.path(), { sharedData: this.#weights, sizeThresholdBytes: EXTERNAL_BYTES });
  }

  /** A path that nothing uses, in the same folder. */
  path(extension = 'onnx'): string {
    this.#count += 1;
    return join(this.#folder, `${this.#count}.${extension}`);
  }

  /** Removes the folder; no session may be open on it. */
  async close(): Promise<void> {
    await this.#ahead.catch(() => undefined);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Runs `work` with the given models, or with a folder of its own (in the given or the system's) that is removed afterwards. */
export async function withScratch<T>(given: ScratchModels | string | undefined, work: (scratch: ScratchModels) => Promise<T>): Promise<T> {
  if (given instanceof ScratchModels) return work(given);
  const scratch = await ScratchModels.open(given);
  try {
    return await work(scratch);
  } finally {
    await scratch.close();
  }
}
