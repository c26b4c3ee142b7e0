/** A page of the application with what its address names. */
export type Route =
  | { readonly page: 'matrix' | 'jobs' | 'agents' | 'recipes' | 'submit' | 'compare' | 'nowhere' }
  | { readonly page: 'cell' | 'job' | 'recipe'; readonly id: string };

const LISTS = {
  '/': 'matrix',
  '/jobs': 'jobs',
  '/agents': 'agents',
  '/recipes': 'recipes',
  '/submit': 'submit',
  '/compare': 'compare',
} as const;
const DETAILS = { cells: 'cell', jobs: 'job', recipes: 'recipe' } as const;

/** The page of an address; `nowhere` for what the application does not have. */
export function routeOf(address: string): Route {
  // The farm answers with and without a slash at the end.
  const path = address.length > 2 && address.endsWith('/') ? address.slice(0, -1) : address;
  if (isKey(LISTS, path)) return { page: LISTS[path] };
  const [, folder = '', encodedId = '', ...rest] = path.split('/');
  const id = decode(encodedId);
  if (!isKey(DETAILS, folder) || id === '' || rest.length > 0) return { page: 'nowhere' };
  return { page: DETAILS[folder], id };
}

/** Whether an address belongs to the application, and not to the API, the reference or the plain pages. */
export function isOurs(path: string): boolean {
  return routeOf(path).page !== 'nowhere';
}

function isKey<T extends object>(table: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(table, key);
}

/** Empty for what is no encoded text. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
