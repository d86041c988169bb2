import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const document = read('docs/socket-proxy.md');
const requests = [...document.matchAll(/^\| `([A-Z]+ \/[^`]*)` \|/gm)].map(([, request]) => request!);

test('the README names every request that the page about the proxy explains', () => {
  expect(requests).toHaveLength(8);
  for (const request of requests) expect(read('README.md')).toContain(request);
});

test('the page shows the Compose file as it is', () => {
  expect(document).toContain(`\`\`\`yaml\n${read('docs/socket-proxy/docker-compose.yml')}\`\`\``);
});

test('the flags for the other proxy let through the requests the page explains, and no others', () => {
  const flags = [...document.matchAll(/^ {4}-allow(GET|POST)=(.*)$/gm)].slice(-2).map(([, method, path]) => ({ method, path: new RegExp(`^${path}$`) }));
  const passes = (request: string): boolean => {
    const [method, path] = request.replace('{id}', 'a'.repeat(64)).split(' ') as [string, string];
    return flags.some((flag) => flag.method === method && flag.path.test(path));
  };
  for (const request of requests) expect(passes(request), request).toBe(true);
  for (const request of ['POST /containers/create', 'GET /containers/{id}/export', 'GET /containers/{id}/archive', 'POST /containers/{id}/start', 'GET /images/json', 'GET /containers/../images/json']) expect(passes(request), request).toBe(false);
});
