import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const foundSchema = z.array(
  z.object({
    id: z.string(),
    impact: z.string().nullable(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
);

/** Serious and critical findings of axe on the page as it is, by WCAG 2.2 A and AA. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const tags = JSON.stringify(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
  const found = foundSchema.parse(await page.evaluate(`axe.run({ runOnly: ${tags} }).then(({ violations }) => violations)`));
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
}
