/** Every stored blob is below this. */
const BLOBS = 'sha256/';
/** Uploads whose bytes are not proven yet. */
export const STAGING = 'staging/';

/** What the coordinator tries the server with. */
export const PROBES = 'probe/';

/** Spread over 256 folders, for servers that keep objects as files. */
export function blobKey(sha256: string): string {
  return `${BLOBS}${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}
