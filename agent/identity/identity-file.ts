import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { nameSchema, sha256Schema } from '../../domain/names.ts';
import type { Files } from '../../domain/ports.ts';

const identitySchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The name in the certificate. */
  agentId: nameSchema,
  /** Where the farm's coordinators listen for agents. */
  agentUrl: z.string(),
  /** PEM: who signed the certificates of the farm's servers and this one. */
  authority: z.string(),
  /** PEM. */
  certificate: z.string(),
  /** PEM. It never leaves this machine. */
  privateKey: z.string(),
  /** SHA-256 of the join string it came by: the same one does not join again at every start. */
  joinedWith: sha256Schema,
});

/** Who this agent is to its farm. */
export type Identity = z.infer<typeof identitySchema>;

/** The identity in an agent's data folder, readable by its owner only. */
export class IdentityFile {
  readonly #path: string;
  readonly #files: Files;

  constructor(dataFolder: string, files: Files) {
    this.#path = join(dataFolder, 'identity.json');
    this.#files = files;
  }

  /** Undefined for an agent that never joined. Throws `invalid-config` for a file that holds no identity. */
  async read(): Promise<Identity | undefined> {
    const bytes = await this.#files.read(this.#path);
    if (bytes === undefined) return undefined;
    try {
      return identitySchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      // Without its cause, which may quote the key.
      throw new GroveError('invalid-config', { where: this.#path, problem: 'it holds no identity; remove it and join again' });
    }
  }

  async write(identity: Identity): Promise<void> {
    await this.#files.writeAtomic(this.#path, Buffer.from(JSON.stringify(identity)));
  }
}
