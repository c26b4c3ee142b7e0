import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { LogInPage } from './access/log-in-page.tsx';
import { SessionSign } from './access/session-sign.tsx';
import { CellPage } from './cell/cell-page.tsx';
import { ComparePage } from './compare/compare-page.tsx';
import { ThemeChoice } from './elements/theme-choice.tsx';
import type { LiveState } from './farm/live.ts';
import { useLiveState } from './farm/use-live-state.ts';
import { useLogInNeeded } from './farm/use-log-in.ts';
import { FleetPage } from './fleet/fleet-page.tsx';
import { JobPage } from './jobs/job-page.tsx';
import { JobsPage } from './jobs/jobs-page.tsx';
import { MatrixPage } from './matrix/matrix-page.tsx';
import { RecipePage } from './recipes/recipe-page.tsx';
import { RecipesPage } from './recipes/recipes-page.tsx';
import { useLocation } from './router/location.ts';
import { type Route, routeOf } from './router/routes.ts';
import { SubmitPage } from './submit/submit-page.tsx';

const NAVIGATION = [
  { href: '/', label: 'Matrix', pages: ['matrix', 'cell'] },
  { href: '/jobs', label: 'Jobs', pages: ['jobs', 'job'] },
  { href: '/agents', label: 'Fleet', pages: ['agents'] },
  { href: '/recipes', label: 'Recipes', pages: ['recipes', 'recipe'] },
  { href: '/submit', label: 'Submit', pages: ['submit'] },
  { href: '/compare', label: 'Compare', pages: ['compare'] },
] as const satisfies readonly {
  readonly href: string;
  readonly label: string;
  readonly pages: readonly Route['page'][];
}[];

/** The whole application: a bar that stays and the page of the address. */
export function App() {
  const { path } = useLocation();
  const route = routeOf(path);
  const isLogInNeeded = useLogInNeeded();
  const main = useRef<HTMLElement>(null);
  const shownPath = useRef<string | undefined>(path);
  useEffect(() => {
    // Whoever reads by keys or by ear goes on at the new page, not at a link that is gone.
    if (shownPath.current !== path && !isLogInNeeded) main.current?.focus({ preventScroll: true });
    shownPath.current = isLogInNeeded ? undefined : path;
  }, [path, isLogInNeeded]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/">
          <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
            <path d="M8 1 3 7h2.4L2 11.5h5V15h2v-3.5h5L10.6 7H13z" fill="currentColor" />
          </svg>
          Grove
        </a>
        <nav aria-label="Pages">
          {NAVIGATION.map(({ href, label, pages }) => (
            <a key={href} href={href} aria-current={pages.some((page) => page === route.page) ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div class="side">
          {!isLogInNeeded && (
            <>
              <SessionSign />
              <LiveSign />
            </>
          )}
          <ThemeChoice />
          <a href="/docs">API</a>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {isLogInNeeded ? <LogInPage /> : <Page route={route} />}
      </main>
    </>
  );
}

function Page({ route }: { readonly route: Route }): ComponentChildren {
  switch (route.page) {
    case 'matrix':
      return <MatrixPage />;
    case 'cell':
      return <CellPage cellId={route.id} />;
    case 'jobs':
      return <JobsPage />;
    case 'job':
      return <JobPage jobId={route.id} />;
    case 'agents':
      return <FleetPage />;
    case 'recipes':
      return <RecipesPage />;
    case 'recipe':
      return <RecipePage recipeId={route.id} />;
    case 'submit':
      return <SubmitPage />;
    case 'compare':
      return <ComparePage />;
    case 'nowhere':
      return <p class="notice">There is no such page.</p>;
  }
}

const LIVE_TEXT: Readonly<Record<LiveState, readonly [sign: string, word: string, meaning: string]>> = {
  connecting: ['○', 'connecting', 'The page connects to the farm'],
  live: ['●', 'live', 'What happens on the farm appears by itself'],
  lost: ['✗', 'reconnecting', 'The farm does not answer; the page resumes as soon as it does'],
};

function LiveSign() {
  const state = useLiveState();
  const [sign, word, meaning] = LIVE_TEXT[state];
  return (
    <span class={`live ${state}`} role="status" title={meaning}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}
