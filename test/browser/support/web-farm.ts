import { readWebApp } from '../../../coordinator/rest/web-app.ts';
import { systemFiles } from '../../../platform/files.ts';
import { WEB_FOLDER } from '../../../platform/installation.ts';

/** The application that the suite has built. */
export async function builtWeb() {
  const web = await readWebApp(WEB_FOLDER, systemFiles);
  if (web === undefined) throw new Error(`there is no application in ${WEB_FOLDER}`);
  return web;
}
