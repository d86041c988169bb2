import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../sidecar/clock.ts';
import { Detector } from '../../sidecar/detect/detector.ts';
import { readyPatterns } from '../../sidecar/detect/ready-patterns.ts';
import { dockerAt } from '../../sidecar/docker.ts';
import { WEBHOOK_NEWS } from '../../sidecar/doctor/webhook-trouble.ts';
import { Roster } from '../../sidecar/fleet/roster.ts';
import { openDatabase } from '../../sidecar/state/database.ts';
import { Records, SCHEMA } from '../../sidecar/state/records.ts';
import { Watcher } from '../../sidecar/watch/watcher.ts';

/**
 * Reads a container's log as the sidecar does (watcher, detector, cursor and hits in SQLite) and ends after that many
 * lines. Prints `{"lines","seconds"}`: the seconds from the first look at the engine to the last line.
 * Arguments: host of the engine, container, lines, sessions.
 */
const [host, container, wanted, sessions] = process.argv.slice(2) as [string, string, string, string];
const WINDOW_MS = 300_000;
/** The log was written before this began; all of it is read. */
const SINCE_MS = 24 * 3_600_000;

const folder = mkdtempSync(join(tmpdir(), 'bench-watch-'));
const database = openDatabase(folder, [SCHEMA], 'NORMAL');
const records = new Records(database, (error) => { if (error) throw error; });
const roster = new Roster([{ source: 'bench', names: sessions.split(',') }], new Map());
const detector = new Detector({
  patterns: await readyPatterns(join(import.meta.dirname, '../../patterns')), maxHits: 5, windowMs: WINDOW_MS,
  sessions: { names: () => roster.names(), resolve: (spelled) => roster.resolve(spelled), inContainer: () => roster.names(), holderOfPeer: () => null },
});

let lines = 0;
const done = Promise.withResolvers<void>();
const watcher = new Watcher({
  docker: dockerAt(host), names: [container], clock: realClock, sinceMs: SINCE_MS, sought: { ...WEBHOOK_NEWS, words: [...detector.words, ...WEBHOOK_NEWS.words], signs: detector.signs },
  loadCursor: (id) => records.cursor(id),
  deliver({ lines: batch, cursor }) {
    for (const line of batch) for (const { hit, fresh } of detector.read(line)) if (fresh) records.stageHit(hit);
    records.stageCursor(cursor.containerId, cursor.container, cursor.json);
    lines += batch.length;
    if (lines >= Number(wanted)) done.resolve();
  },
  tell: (level, message) => { if (level === 'error') done.reject(new Error(message)); },
});
const begin = performance.now();
await watcher.start();
await done.promise;
const seconds = (performance.now() - begin) / 1000;
await watcher.stop();
records.close();
database.close();
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify({ lines, seconds }));
