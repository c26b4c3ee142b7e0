import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { GroveError } from '../../domain/errors.ts';
import { publicKeySchema } from '../../domain/evidence.ts';

/** A farm's public key as people give it: its 43 characters, or a file that holds them or the key in PEM. Throws `invalid-argument`. */
export async function readPublicKey(argument: string): Promise<string> {
  if (publicKeySchema.safeParse(argument).success) return argument;
  const text = await readFile(argument, 'utf8').catch(() => undefined);
  const key = text === undefined ? undefined : keyIn(text.trim());
  if (key !== undefined) return key;
  throw new GroveError('invalid-argument', {
    problem: `"${argument}" is neither an Ed25519 public key nor a file with one (\`grove bundle key\` prints that of a farm)`,
  });
}

function keyIn(text: string): string | undefined {
  if (publicKeySchema.safeParse(text).success) return text;
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'jwk' }).x : undefined;
  } catch {
    return undefined;
  }
}
