import type { Ready } from '../../../api/health.ts';
import { openApiDocument } from '../../../api/openapi.ts';
import type { RestDeps } from '../deps.ts';
import { type Answer, type Handlers, ok } from '../handler.ts';

/** Health, readiness, shutdown and the API's own description. */
export function farmHandlers(deps: Pick<RestDeps, 'version' | 'clock' | 'health' | 'metrics' | 'shutdown'>) {
  const startedMs = deps.clock.monotonicMs();
  const document = openApiDocument(deps.version);
  const ready = async (): Promise<Answer<200 | 503, Ready>> => {
    const isReady = (await deps.health()).status === 'ok';
    return { status: isReady ? 200 : 503, body: { ready: isReady } };
  };
  return {
    async health() {
      const parts = await deps.health();
      return ok({ ...parts, version: deps.version, uptimeMs: Math.round(deps.clock.monotonicMs() - startedMs) });
    },
    ready,
    readyz: ready,
    async healthz(_request, _req, res) {
      res.type('text/plain').send('ok\n');
    },
    async metrics(_request, _req, res) {
      const text = await deps.metrics.render();
      res.set('content-type', deps.metrics.contentType).send(text);
    },
    async shutdown(_request, _req, res) {
      // After the answer, which a stopping server would cut off.
      res.once('close', () => deps.shutdown());
      res.status(202).json({ stopping: true });
    },
    async openApi() {
      return ok(document);
    },
  } satisfies Partial<Handlers>;
}
