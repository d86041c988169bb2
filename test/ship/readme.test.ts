import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../sidecar/commands/index.ts';
import { settingsMarkdown } from '../../sidecar/config.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

it('has every setting with its default and meaning, as the program reads them', () => {
  expect(readme).toContain(settingsMarkdown().trim());
});

it('names every verb', () => {
  for (const verb of COMMANDS.keys()) if (verb !== 'run') expect(readme).toContain(`\`${verb}`);
});
