import { ROUTES, type RouteName } from './routes.ts';

/** Every operation, in the order of the table. */
export const ROUTE_NAMES: readonly RouteName[] = Object.keys(ROUTES).filter((name): name is RouteName => Object.hasOwn(ROUTES, name));
