import { globSync } from 'node:fs';
import { join } from 'node:path';
import { checkAhead } from './detect/ready-patterns.ts';
import { dockerAt } from './docker.ts';

/** Loaded by the first call that needs them. */
const LATE = ['fastify', 'prom-client', 'pino', 'tar-stream'];

/*
 * Run once when the image is built, with NODE_COMPILE_CACHE set: loads every module and what is loaded late, so that
 * Node keeps their compiled code and a start neither strips types nor compiles, and checks the shipped patterns. Ends
 * with an error when a module cannot be loaded or a dependency is not what we take it for.
 */
for (const file of globSync(join(import.meta.dirname, '**/*.ts'))) if (!/(cli|compile-ahead)\.ts$/.test(file)) await import(file);
for (const name of LATE) await import(name);
dockerAt('unix:///var/run/docker.sock');
await checkAhead(join(import.meta.dirname, '../patterns'));
