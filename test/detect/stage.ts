import { fileURLToPath } from 'node:url';
import { Detector } from '../../sidecar/detect/detector.ts';
import type { Reading } from '../../sidecar/detect/firing.ts';
import { loadPatterns } from '../../sidecar/detect/patterns.ts';
import type { Pattern } from '../../sidecar/detect/pattern.ts';
import type { KnownSessions } from '../../sidecar/fleet/fleet.ts';
import type { Firing, LogLine } from '../../sidecar/words.ts';

export const PATTERNS_DIR = fileURLToPath(new URL('../../patterns', import.meta.url));
export const PATTERNS: readonly Pattern[] = loadPatterns(PATTERNS_DIR);

/** The threshold of the default settings. */
export const MAX_HITS = 5;
export const WINDOW_MS = 300_000;

/** A moment to count from. */
export const START = Date.parse('2026-03-04T09:00:00Z');

/** Known sessions as the fleet knows them: spellings meet on lower case without spaces and dashes. */
export function known(names: readonly string[], more: { containers?: Record<string, readonly string[]>; peers?: Record<string, string> } = {}): KnownSessions {
  const fold = (name: string) => name.toLowerCase().replace(/[\s-]/g, '');
  return {
    names: () => [...names],
    resolve: (spelled) => {
      const met = names.filter((name) => fold(name) === fold(spelled));
      return met.length === 1 ? met[0]! : null;
    },
    inContainer: (container) => [...(more.containers?.[container] ?? (more.containers ? [] : names))],
    holderOfPeer: (address) => more.peers?.[address] ?? null,
  };
}

export function detector(sessions: KnownSessions, patterns: readonly Pattern[] = PATTERNS): Detector {
  return new Detector({ patterns, sessions, maxHits: MAX_HITS, windowMs: WINDOW_MS });
}

/** A line of that container so many seconds after the start. */
export function line(seconds: number, text: string, container = 'wppconnect-server', stream: LogLine['stream'] = 'stdout'): LogLine {
  const nanos = BigInt(START) * 1_000_000n + BigInt(Math.round(seconds * 1e9));
  return { container, containerId: '', stream, ts: tsOf(nanos), text, skippedBytes: 0 };
}

export const tsOf = (nanos: bigint): string => `${new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;

/** Everything those lines lead to, the provisional settled at the end. */
export function readAll(it: Detector, lines: readonly LogLine[]): Reading[] {
  return [...lines.flatMap((one) => [...it.read(one)]), ...it.flush()];
}

export const fresh = (readings: readonly Reading[]): Reading[] => readings.filter((one) => one.fresh);
export const firings = (readings: readonly Reading[]): Firing[] => readings.flatMap((one) => one.firing ?? []);
/** `loja1 disconnect browser-closed` per fresh hit. */
export const told = (readings: readonly Reading[]): string[] =>
  fresh(readings).map(({ hit }) => `${'session' in hit.who ? hit.who.session : hit.who.refused} ${hit.class} ${hit.pattern}`);
