import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SIDECAR = join(import.meta.dirname, '../../sidecar');
/** Routes of wppconnect-server that unlink phones, delete profiles or close everybody. */
const ROUTES = ['logout-session', 'clear-session-data', 'backup-sessions', 'restore-sessions', 'start-all', '/unhealthy'];
const FORBIDDEN = new RegExp(ROUTES.join('|'));
/** Names such routes only to hide the secret in their address, and asks nobody. */
const REDACTION = 'redact.ts';

function sources(): [file: string, code: string][] {
  return readdirSync(SIDECAR, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, withoutComments(readFileSync(join(SIDECAR, file), 'utf8'))]);
}

const withoutComments = (code: string): string => code.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');

it('no source holds a route that harms sessions', () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(10);
  expect(all.filter(([file, code]) => file !== REDACTION && FORBIDDEN.test(code)).map(([file]) => file)).toEqual([]);
});

it('no gateway sends a DELETE', () => {
  const gateways = sources().filter(([file]) => file.startsWith('gateways/'));
  expect(gateways.filter(([, code]) => /['"`]DELETE['"`]/i.test(code)).map(([file]) => file)).toEqual([]);
});
