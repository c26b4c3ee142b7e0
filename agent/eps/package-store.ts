import { copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { systemRandom } from '../../platform/random.ts';
import { sha256File } from '../../platform/sha256.ts';
import { type EpPackage, epPackageSchema } from './ep-package.ts';
import { type RecognisedPackage, recognise, statedVersion } from './recognise.ts';
import { unpackZip } from './unpack.ts';
import { findWindowsMl } from './windows-ml.ts';

const RECORD = 'package.json';
const FILES = 'files';
const WINDOWS_ML = 'winml:';

/** What `grove ep add` is asked to add. */
export interface AddRequest {
  /** A wheel or other zip, a folder, a library, or `winml:NAME`. */
  readonly source: string;
  /** Which provider of a package that brings several: its id. */
  readonly ep?: string;
  /** Version of a package that does not state it. */
  readonly version?: string;
}

/**
 * The execution provider packages of an agent: a folder `eps/` below its data folder, one folder a package. Added whole or not at all: files are
 * laid out beside and moved into place once they are recognised.
 */
export class EpPackages {
  readonly #folder: string;

  /** @param dataFolder the agent's. */
  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, 'eps');
  }

  /** Installed packages, by id. What is there and no package (an interrupted addition) is left out. */
  async list(): Promise<readonly EpPackage[]> {
    const names = (await readdir(this.#folder).catch(() => [])).sort();
    return (await Promise.all(names.map((name) => this.#read(name)))).flatMap((found) => found ?? []);
  }

  /** Throws `invalid-ep-package` for what is no package or is there already with other content. */
  async add(request: AddRequest): Promise<EpPackage> {
    await mkdir(this.#folder, { recursive: true });
    const place = join(this.#folder, `.adding-${systemRandom.id()}`);
    await mkdir(join(place, FILES), { recursive: true });
    try {
      return await this.#addAt(place, request);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }

  /** Throws `not-found`. */
  async remove(id: string): Promise<EpPackage> {
    const found = (await this.list()).find((candidate) => candidate.id === id);
    if (found === undefined) throw new GroveError('not-found', { kind: 'execution provider package', id });
    await rm(join(this.#folder, id), { recursive: true });
    return found;
  }

  async #addAt(place: string, { source, ep, version }: AddRequest): Promise<EpPackage> {
    const files = await bring(source, join(place, FILES));
    const wanted = ep ?? files.ep;
    const found = recognise(files.names, { source, ...(wanted !== undefined && { wanted }) });
    const libraryDigest = (await sha256File(join(files.folder, ...found.library.split('/')))).sha256;
    const stated = version ?? files.version ?? statedVersion(files.names) ?? `sha-${libraryDigest.slice(0, 12)}`;
    const id = `${found.definition.id}@${stated}`;
    const isCopy = files.folder.startsWith(place);
    const folder = isCopy ? join(this.#folder, id, FILES) : files.folder;
    const made = record(found, { id, version: stated, folder, libraryDigest, source, sizeBytes: files.sizeBytes });
    return (await this.#existing(made)) ?? (await this.#moveIn(place, made));
  }

  /** The same package added before; another of the same id is refused, since results name packages by it. */
  async #existing(made: EpPackage): Promise<EpPackage | undefined> {
    const known = await this.#read(made.id);
    if (known === undefined || known.libraryDigest === made.libraryDigest) return known;
    const problem = `${made.id} is installed with another library; remove it first, or give this one a version with --as-version`;
    throw new GroveError('invalid-ep-package', { package: made.source, problem });
  }

  async #moveIn(place: string, made: EpPackage): Promise<EpPackage> {
    await writeFile(join(place, RECORD), `${JSON.stringify(made, null, 2)}\n`);
    await rm(join(this.#folder, made.id), { recursive: true, force: true });
    await rename(place, join(this.#folder, made.id));
    return made;
  }

  async #read(name: string): Promise<EpPackage | undefined> {
    const text = await readFile(join(this.#folder, name, RECORD), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : epPackageSchema.safeParse(parsedJson(text)).data;
  }
}

/** Undefined for what is no JSON: a record that was cut is no package. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Files of a package on this machine. */
export interface PackageFiles {
  readonly folder: string;
  /** Paths below it, `/`-separated. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
  readonly version?: string;
  /** Id of the provider, where the source tells. */
  readonly ep?: string;
}

/** Lays the files of a source out in a folder; those of Windows ML stay where the system keeps and updates them. */
async function bring(source: string, folder: string): Promise<PackageFiles> {
  if (source.startsWith(WINDOWS_ML)) {
    const { location, ...known } = await findWindowsMl(source.slice(WINDOWS_ML.length));
    return { ...known, ...(await listed(location)) };
  }
  const path = resolve(source);
  const facts = await stat(path).catch((cause: unknown) => {
    throw new GroveError('invalid-ep-package', { package: source, problem: 'there is no such file or folder' }, { cause });
  });
  if (facts.isDirectory()) await cp(path, folder, { recursive: true, dereference: true });
  else if (/\.(?:whl|zip|nupkg)$/i.test(path)) await unpackZip(path, folder);
  else await copyFile(path, join(folder, basename(path)));
  return listed(folder);
}

async function listed(folder: string): Promise<Pick<PackageFiles, 'folder' | 'names' | 'sizeBytes'>> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return {
    folder,
    names: paths.map((path) => path.slice(folder.length + 1).replaceAll(sep, '/')),
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

function record(
  { ep, kind, library, ort, options }: RecognisedPackage,
  rest: Pick<EpPackage, 'id' | 'version' | 'folder' | 'libraryDigest' | 'source' | 'sizeBytes'>,
): EpPackage {
  const made = { schemaVersion: 1, ep, kind, library, options, ...(ort !== undefined && { ort }), ...rest };
  const parsed = epPackageSchema.safeParse(made);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new GroveError('invalid-ep-package', { package: rest.source, problem: `${issue?.path.join('.')}: ${issue?.message}` });
}
