import { render } from 'preact';
import { App } from './app.tsx';
import { followLinks } from './router/location.ts';
import { isOurs } from './router/routes.ts';

const root = document.getElementById('app');
if (root !== null) {
  followLinks(isOurs);
  render(<App />, root);
}
