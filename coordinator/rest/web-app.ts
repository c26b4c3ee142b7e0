import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import type { Files } from '../../domain/ports.ts';
import type { WebApp } from './deps.ts';

/** Addresses of the application that have a plain page below `/plain`, and those that have none. */
const WITH_PLAIN_PAGE = ['/', '/cells/:cellId', '/jobs', '/jobs/:jobId', '/agents', '/recipes/:recipeId'];
const SCRIPTED_ONLY = ['/recipes', '/submit', '/compare'];

/** What a build leaves in `folder`; undefined without one. */
export async function readWebApp(folder: string, files: Pick<Files, 'read'>): Promise<WebApp | undefined> {
  const page = await files.read(join(folder, 'index.html'));
  return page === undefined ? undefined : { page: new TextDecoder().decode(page), folder };
}

/** The application's one page at each of its addresses, and the files it loads, whose names change with their content. */
export function webPages({ page, folder }: WebApp): Router {
  const router = Router();
  router.use('/app', express.static(join(folder, 'app'), { immutable: true, maxAge: '1y', index: false, redirect: false }));
  router.get(
    WITH_PLAIN_PAGE,
    sendPage((path) => page.replace('<noscript>', `<noscript><meta http-equiv="refresh" content="0; url=/plain${path}">`)),
  );
  router.get(
    SCRIPTED_ONLY,
    sendPage(() => page),
  );
  return router;
}

function sendPage(pageAt: (path: string) => string): RequestHandler {
  return (req, res) => {
    // The path as it came is encoded already; what a browser leaves as it is must not end the attribute.
    const path = req.path.replace(/[^A-Za-z0-9/%._~-]/g, encodeURIComponent);
    res.type('html').set('cache-control', 'no-cache').send(pageAt(path));
  };
}
