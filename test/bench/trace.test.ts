import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TROUBLE_WORDS } from '../../bench/everyday.ts';
import { HIT_SHARE, sessionNames, traceLines, writeTrace } from '../../bench/trace.ts';
import { copyLines } from '../../bench/copy-lines.ts';

const dir = mkdtempSync(join(tmpdir(), 'bench-trace-'));
afterAll(() => rmSync(dir, { recursive: true }));

const OPTIONS = { lines: 5_000, sessions: 20, seed: 3 } as const;
const trouble = new RegExp(String.raw`\[s\d{5}:(?:client|browser|page|session)\] (?:${TROUBLE_WORDS.join('|')})$`);

test('the mixed trace has exactly the lines and hits it claims, counted from the text', async () => {
  const trace = await writeTrace(join(dir, 'mixed'), traceLines({ kind: 'mixed', ...OPTIONS }));
  const lines = readFileSync(trace.all, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(OPTIONS.lines);
  expect(trace.lines).toBe(OPTIONS.lines);
  expect(lines.filter((line) => trouble.test(line))).toHaveLength(OPTIONS.lines * HIT_SHARE);
  expect(trace.hits).toBe(OPTIONS.lines * HIT_SHARE);
  expect(trace.bytes).toBe(readFileSync(trace.all).length);
});

test('the worst trace has one real close in a hundred lines, every other line is a presence', async () => {
  const trace = await writeTrace(join(dir, 'worst'), traceLines({ kind: 'worst', ...OPTIONS, lines: 1_000 }));
  const events = readFileSync(trace.all, 'utf8').trimEnd().split('\n')
    .map((line) => JSON.parse(line.slice(line.indexOf(' ') + 1)) as { connection: { status: string }; raw: { payload: { event: string } } });
  expect(events.filter(({ raw }) => raw.payload.event === 'onpresencechanged')).toHaveLength(990);
  expect(events.filter(({ connection, raw }) => connection.status === 'closed' && raw.payload.event === 'status-find')).toHaveLength(10);
});

test('the two containers\' files hold together the lines that the peers get, each file in the order of time', async () => {
  const trace = await writeTrace(join(dir, 'split'), traceLines({ kind: 'mixed', ...OPTIONS }));
  const [server, wrapper, all] = [trace.files['wppconnect-server'], trace.files['gateway-wrapper'], trace.all].map((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
  expect([...server!, ...wrapper!].sort()).toEqual([...all!].sort());
  for (const lines of [server!, wrapper!, all!]) expect(lines.map((line) => line.slice(0, 30))).toEqual(lines.map((line) => line.slice(0, 30)).sort());
});

test('the same seed gives the same trace, another seed another', () => {
  const texts = (seed: number) => [...traceLines({ kind: 'mixed', ...OPTIONS, seed })].map(({ text }) => text);
  expect(texts(3)).toEqual(texts(3));
  expect(texts(4)).not.toEqual(texts(3));
});

test('every session of a trace is spelled as the known sessions are', () => {
  const known = new Set(sessionNames(OPTIONS.sessions));
  const named = [...traceLines({ kind: 'mixed', ...OPTIONS })].flatMap(({ text }) => /\[(s\d+):|"sessionId":"([^"]+)"/.exec(text)?.slice(1).filter(Boolean) ?? []);
  expect(named.length).toBeGreaterThan(1_000);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('a part of a trace for a slow peer is its first lines, byte for byte', async () => {
  const trace = await writeTrace(join(dir, 'part'), traceLines({ kind: 'worst', ...OPTIONS, lines: 1_000 }));
  const part = join(dir, 'first');
  const bytes = copyLines(trace.all, part, 777);
  const wanted = `${readFileSync(trace.all, 'utf8').split('\n').slice(0, 777).join('\n')}\n`;
  expect(readFileSync(part, 'utf8')).toBe(wanted);
  expect(bytes).toBe(Buffer.byteLength(wanted));
});
