import { openApiDocument } from '../../../api/openapi.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';

/** Health, readiness, shutdown and the API's own description. */
export function farmHandlers(deps: Pick<RestDeps, 'version' | 'clock' | 'health' | 'shutdown'>) {
  const startedMs = deps.clock.monotonicMs();
  const document = openApiDocument(deps.version);
  return {
    async health() {
      const parts = await deps.health();
      return ok({ ...parts, version: deps.version, uptimeMs: Math.round(deps.clock.monotonicMs() - startedMs) });
    },
    async ready() {
      const { status } = await deps.health();
      const ready = status === 'ok';
      return { status: ready ? 200 : 503, body: { ready } };
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
