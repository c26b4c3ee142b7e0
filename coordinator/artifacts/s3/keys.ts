/** Every stored blob is below this. */
export const BLOBS = 'sha256/';
/** Uploads whose bytes are not proven yet. */
export const STAGING = 'staging/';

/** One empty object for each upload in parts, as old as it: not every server lists the unfinished uploads of a prefix. */
export const UPLOADS = 'uploads/';
/** One empty object for each archived document of a job. */
export const JOBS = 'jobs/';
/** What the coordinator tries the server with. */
export const PROBES = 'probe/';

/** When somebody last relied on a blob that was stored long ago. */
export const CLAIMS = 'claims/';
/** Lists of blobs that are being removed. */
export const CONDEMNED = 'condemned/';

export function claimKey(sha256: string): string {
  return `${CLAIMS}${sha256}`;
}

/** Spread over 256 folders, for servers that keep objects as files. */
export function blobKey(sha256: string): string {
  return `${BLOBS}${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}
