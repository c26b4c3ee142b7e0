import { useEffect, useState } from 'preact/hooks';

/** Where the page is: path and query as the address shows them. */
export interface Place {
  readonly path: string;
  readonly search: string;
}

const changed = new EventTarget();

function here(): Place {
  return { path: location.pathname, search: location.search };
}

/** Goes to an address of this application without loading the page again. */
export function navigate(href: string): void {
  history.pushState(null, '', href);
  changed.dispatchEvent(new Event('moved'));
}

/** Changes the query of the present address: the back button does not return to what was before. */
export function replaceSearch(search: string): void {
  history.replaceState(null, '', `${location.pathname}${search}${location.hash}`);
  changed.dispatchEvent(new Event('moved'));
}

/** The present address; follows every change of it. */
export function useLocation(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const update = () => setPlace(here());
    changed.addEventListener('moved', update);
    addEventListener('popstate', update);
    return () => {
      changed.removeEventListener('moved', update);
      removeEventListener('popstate', update);
    };
  }, []);
  return place;
}

/** Makes plain links within the application cheap: everything else (other origins, API, downloads, new tabs) stays with the browser. */
export function followLinks(isOurs: (path: string) => boolean): void {
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey && !event.defaultPrevented;
    if (target === null || !isPlain || target.target !== '' || target.hasAttribute('download')) return;
    const url = new URL(target.href);
    if (url.origin !== location.origin || !isOurs(url.pathname) || (url.hash !== '' && url.pathname === location.pathname)) return;
    event.preventDefault();
    navigate(`${url.pathname}${url.search}${url.hash}`);
    scrollTo(0, 0);
  });
}
