import { createRequire } from 'node:module';
import { type RequestHandler, Router } from 'express';

const require = createRequire(import.meta.url);

/** Files of the installed package that the page needs; nothing else of it is served. */
const SWAGGER_FILES = {
  'swagger-ui.css': () => require.resolve('swagger-ui-dist/swagger-ui.css'),
  'swagger-ui-bundle.js': () => require.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference - Grove</title>
<link rel="icon" href="/assets/grove.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<p class="back"><a href="/">Back to the matrix</a></p>
<div id="reference"></div>
<noscript>The API reference needs scripts; its source is <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** A file of its own, because the content security policy runs nothing inline. */
const START = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#reference', deepLinking: true, validatorUrl: null, defaultModelsExpandDepth: 0 });
`;

/** Swagger UI is a light page; its own dark mode waits for a class that only its stand-alone shell sets. */
const STYLE = `body { margin: 0; background: #fff; } .back { max-width: 1460px; margin: 0 auto; padding: 16px 20px 0; font: 14px system-ui, sans-serif; } .back a { color: #0b6b3f; }
`;

/** The browsable API reference, from files of this installation only. */
export function apiReference(): Router {
  const router = Router();
  router.get('/', (_req, res) => {
    res.type('html').send(PAGE);
  });
  router.get('/start.js', (_req, res) => {
    res.type('js').send(START);
  });
  router.get('/reference.css', (_req, res) => {
    res.type('css').send(STYLE);
  });
  for (const [file, locate] of Object.entries(SWAGGER_FILES)) router.get(`/${file}`, sendFile(locate()));
  return router;
}

function sendFile(path: string): RequestHandler {
  return (_req, res, next) => {
    res.sendFile(path, { maxAge: 86_400_000, dotfiles: 'allow' }, (error?: Error) => {
      if (error !== undefined && !res.headersSent) next(error);
    });
  };
}
