import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readEnvelope } from '../../sidecar/detect/envelope.ts';
import { matchPattern } from '../../sidecar/detect/match.ts';
import { checkAhead, readyPatterns } from '../../sidecar/detect/ready-patterns.ts';
import { PATTERNS, PATTERNS_DIR } from './stage.ts';

describe('patterns checked when the image was built', () => {
  let root: string;
  let dir: string;
  const kept = (): string => join(root, 'patterns.json');

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'ready-'));
    dir = join(root, 'patterns');
    cpSync(PATTERNS_DIR, dir, { recursive: true });
    vi.stubEnv('NODE_COMPILE_CACHE', root);
    await checkAhead(dir);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(root, { recursive: true });
  });

  it('read every sample as those checked now do', async () => {
    const ready = await readyPatterns(dir);
    expect(ready.map(({ where, id, class: cls, literals }) => ({ where, id, cls, literals }))).toEqual(PATTERNS.map(({ where, id, class: cls, literals }) => ({ where, id, cls, literals })));
    const said = (patterns: typeof ready, line: string) => patterns.flatMap((one) => matchPattern(one, readEnvelope(line), line) ?? []).map(({ pattern, spelled, key }) => [pattern.id, spelled, key]);
    for (const line of PATTERNS.flatMap(({ hits, misses }) => [...hits.map((hit) => hit.line), ...misses])) expect(said(ready, line)).toEqual(said([...PATTERNS], line));
  });

  it('are taken as they are, without their files being read as YAML', async () => {
    const text = JSON.parse(readFileSync(kept(), 'utf8')) as { written: { pattern: { id: string } }[] };
    text.written[0]!.pattern.id = 'kept-and-not-read';
    writeFileSync(kept(), JSON.stringify(text));
    expect((await readyPatterns(dir))[0]!.id).toBe('kept-and-not-read');
  });

  it('hold for these files only: a changed, a new and a broken one are seen', async () => {
    const file = join(dir, 'whaticket.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^service: .*$/m, 'service: changed'));
    expect((await readyPatterns(dir)).some(({ service }) => service === 'changed')).toBe(true);
    writeFileSync(file, text.replace(/^service: .*$/m, 'servicee: x'));
    await expect(readyPatterns(dir)).rejects.toThrow(/^whaticket\.yaml:\d+: service: /);
    writeFileSync(file, text);
    writeFileSync(join(dir, 'zz.yaml'), 'service: [');
    await expect(readyPatterns(dir)).rejects.toThrow(/^zz\.yaml:\d+: not readable as YAML/);
  });

  it('are checked now where nothing was kept, or what was kept is broken', async () => {
    writeFileSync(kept(), '{"of":');
    expect((await readyPatterns(dir)).length).toBe(PATTERNS.length);
    rmSync(kept());
    expect((await readyPatterns(dir)).length).toBe(PATTERNS.length);
    await expect(readyPatterns(join(root, 'nowhere'))).rejects.toThrow(/nowhere: the patterns folder cannot be read/);
  });

  it('are not kept when one of them is wrong', async () => {
    rmSync(kept());
    writeFileSync(join(dir, 'zz.yaml'), 'service: [');
    await expect(checkAhead(dir)).rejects.toThrow(/^zz\.yaml:\d+: not readable as YAML/);
    expect(() => readFileSync(kept())).toThrow(/ENOENT/);
  });
});
