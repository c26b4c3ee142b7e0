/** Every library of Grove begins with this; a server may hold others. */
const PREFIX = 'grove_';

/** `grove_<major>_<minor>_<patch>_<digest>`. */
const NAMED = /^grove_(\d+)_(\d+)_(\d+)_[0-9a-f]{12}$/;
/** As libraries were named before their names said which version of Grove they are of. */
const UNVERSIONED = /^grove_[0-9a-f]{12}$/;

/** Pattern of `FUNCTION LIST` for all of them. */
export const LIBRARIES = `${PREFIX}*`;

/**
 * Name of a library. The digest of its text keeps coordinators of different builds from replacing each other's functions; the version tells which are
 * older.
 */
export function libraryName(version: string, digest: string): string {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return `${PREFIX}${major}_${minor}_${patch}_${digest.slice(0, 12)}`;
}

/** Whether a library is certainly one of an earlier version of Grove than the own one. */
export function isEarlierLibrary(name: string, own: string): boolean {
  if (UNVERSIONED.test(name)) return true;
  const [theirs, ours] = [versionOf(name), versionOf(own)];
  if (theirs === undefined || ours === undefined) return false;
  const differing = theirs.findIndex((part, index) => part !== ours[index]);
  return differing >= 0 && (theirs[differing] ?? 0) < (ours[differing] ?? 0);
}

function versionOf(name: string): readonly number[] | undefined {
  return NAMED.exec(name)?.slice(1).map(Number);
}
