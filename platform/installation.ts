import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root folder of this installation, found from the sources and from everything in `dist/` alike. */
export const INSTALLATION_FOLDER = findInstallation();

/** The catalogue that ships with Grove. */
export const CATALOGUE_FOLDER = join(INSTALLATION_FOLDER, 'recipes');

/** The web application as `npm run build` leaves it. */
export const WEB_FOLDER = join(INSTALLATION_FOLDER, 'dist', 'web');

function findInstallation(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
