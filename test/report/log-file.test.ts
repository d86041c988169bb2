import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LogFile } from '../../sidecar/report/log-file.ts';
import { linesOf, tempFolder } from './helpers.ts';

function logIn(folder: string, options: { maxBytes?: number; keep?: number } = {}) {
  const path = join(folder, 'logs', 'auto-fix-sessions.log');
  const said: (string | null)[] = [];
  const warned: string[] = [];
  const log = new LogFile({ path, ...options, onTrouble: (trouble) => said.push(trouble), onWarning: (warning) => warned.push(warning) });
  return { path, log, said, warned };
}

describe('the log file', () => {
  it('is there with its folder after the first line, and each line at once', () => {
    const { path, log } = logIn(tempFolder());
    log.append('one');
    expect(linesOf(path)).toEqual(['one']);
    log.append('zwei ä 🙂');
    expect(linesOf(path)).toEqual(['one', 'zwei ä 🙂']);
  });

  it('goes on behind what an earlier run wrote', () => {
    const { path, log } = logIn(tempFolder());
    log.append('first run');
    log.close();
    const again = new LogFile({ path });
    again.append('second run');
    expect(linesOf(path)).toEqual(['first run', 'second run']);
  });

  it('loses no line when logrotate moves it and creates a new one', () => {
    const { path, log } = logIn(tempFolder());
    log.append('before');
    renameSync(path, `${path}.1`);
    log.append('between');
    renameSync(path, `${path}.2`);
    writeFileSync(path, '');
    log.append('after');
    expect([linesOf(`${path}.1`), linesOf(`${path}.2`), linesOf(path)]).toEqual([['before'], ['between'], ['after']]);
  });

  it('goes on at the beginning after copytruncate, without a hole of zeros', () => {
    const { path, log } = logIn(tempFolder());
    log.append('before');
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
    log.append('after');
    expect(readFileSync(path, 'utf8')).toBe('after\n');
  });

  it('comes back after the file, or its whole folder, was deleted', () => {
    const folder = tempFolder();
    const { path, log } = logIn(folder);
    log.append('one');
    rmSync(path);
    log.append('two');
    expect(linesOf(path)).toEqual(['two']);
    rmSync(join(folder, 'logs'), { recursive: true });
    log.append('three');
    expect(linesOf(path)).toEqual(['three']);
  });

  it('rotates itself by size, keeps so many files and no line twice', () => {
    const { path, log } = logIn(tempFolder(), { maxBytes: 100, keep: 3 });
    for (let n = 1; n <= 40; n++) log.append(`line number ${String(n).padStart(4, '0')}`);
    expect(readdirSync(join(path, '..')).sort()).toEqual(['', '.1', '.2', '.3'].map((end) => `auto-fix-sessions.log${end}`));
    const kept = ['.3', '.2', '.1', ''].flatMap((end) => linesOf(`${path}${end}`));
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `line number ${String(41 - kept.length + i).padStart(4, '0')}`));
    expect(kept.length).toBeGreaterThan(18);
  });

  it('rotates a file that was too large when it was opened', () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'logs'));
    const { path, log } = logIn(folder, { maxBytes: 10 });
    writeFileSync(path, 'a line of an earlier version\n');
    log.append('new');
    expect([linesOf(`${path}.1`), linesOf(path)]).toEqual([['a line of an earlier version'], ['new']]);
  });

  it('grows on and says so once when it cannot be rotated, and the old files stay', () => {
    const { path, log, warned } = logIn(tempFolder(), { maxBytes: 10, keep: 2 });
    log.append('an older line');
    log.append('a newer line');
    rmSync(`${path}.1`);
    mkdirSync(`${path}.1`);
    mkdirSync(`${path}.2`);
    writeFileSync(join(`${path}.2`, 'in the way'), '');
    for (const line of ['x', 'y', 'z']) log.append(line);
    expect(linesOf(path)).toEqual(['a newer line', 'x', 'y', 'z']);
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('cannot be rotated');
    expect(log.trouble()).toBeNull();
  });
});

describe('a log file that cannot be written', () => {
  it('is said once, keeps the lines, and writes them in order when the cause is gone', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    const { path, log, said } = logIn(folder);
    log.append('one');
    log.append('two');
    expect(said).toEqual([expect.stringMatching(/^the log file .+ cannot be written \((ENOTDIR|EEXIST)\): .+; until then its lines are on stdout only$/)]);
    expect(log.trouble()).toBe(said[0]);
    rmSync(join(folder, 'logs'));
    log.flush();
    expect(linesOf(path)).toEqual(['one', 'two']);
    expect([said.at(-1), log.trouble()]).toEqual([null, null]);
  });

  it('holds a bounded number of lines and says how many were lost', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'logs'), '');
    const { path, log } = logIn(folder);
    for (let n = 1; n <= 1_005; n++) log.append(`line ${n}`);
    rmSync(join(folder, 'logs'));
    log.append('healed');
    const lines = linesOf(path);
    expect([lines[0], lines[1], lines.at(-1), lines.length]).toEqual(['5 lines before this one could not be written', 'line 6', 'healed', 1_002]);
  });

  it.each(['a folder', 'a device'])('is refused with a reason when its path is %s', (what) => {
    const folder = tempFolder();
    const path = what === 'a device' ? '/dev/null' : folder;
    const log = new LogFile({ path });
    log.append('x');
    expect(log.trouble()).toContain('it is a folder or a device, set AUTO_FIX_LOG_FILE');
    expect(existsSync(path)).toBe(true);
  });
});
