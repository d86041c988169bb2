import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { join } from 'node:path';
import { rmSync, writeFileSync } from 'node:fs';
import { VirtualClock } from '../../sidecar/clock.ts';
import { AuditLog } from '../../sidecar/report/audit-log.ts';
import type { JsonOut } from '../../sidecar/report/json-out.ts';
import { KeptJson, linesOf, tempFolder } from './helpers.ts';

const AT = Date.parse('2026-02-09T10:14:03.120Z');

function auditLog(clean: (text: string) => string = (text) => text) {
  const folder = tempFolder();
  const path = join(folder, 'logs', 'auto-fix-sessions.log');
  const json = new KeptJson();
  const log = new AuditLog({ path, clock: new VirtualClock(AT), clean, out: json as unknown as JsonOut });
  return { folder, path, json, log };
}

describe('the story in the log', () => {
  it('begins each line with its time and, where it is about a session, with its name', () => {
    const { path, log } = auditLog();
    log.tell('info', 'closed in 1.2 s', 'Pixel12 Digital');
    log.tell('warn', 'watching 2 containers');
    expect(linesOf(path)).toEqual([
      '[2026-02-09T10:14:03.120Z] Pixel12 Digital: closed in 1.2 s',
      '[2026-02-09T10:14:03.120Z] watching 2 containers',
    ]);
  });

  it('marks an alert by the first word of its message', () => {
    const { path, json, log } = auditLog();
    log.write({ level: 'warn', message: 'waits for a QR scan', session: 'blue12', alert: true });
    expect(linesOf(path)).toEqual(['[2026-02-09T10:14:03.120Z] ALERT blue12: waits for a QR scan']);
    expect(json.lines).toEqual([{ level: 'warn', time: '2026-02-09T10:14:03.120Z', session: 'blue12', alert: true, msg: 'ALERT waits for a QR scan' }]);
  });

  it('says the same as JSON, with details that only machines want', () => {
    const { json, log } = auditLog();
    log.write({ level: 'info', message: 'restart', session: 'blue12', details: { count: 6, class: 'disconnect' } });
    expect(json.lines).toEqual([{ level: 'info', time: '2026-02-09T10:14:03.120Z', session: 'blue12', count: 6, class: 'disconnect', msg: 'restart' }]);
  });

  it('cleans message and details before anything is written', () => {
    const { path, json, log } = auditLog((text) => text.replaceAll('hunter2', '***'));
    log.write({ level: 'info', message: 'secret hunter2', session: 'a', details: { url: 'http://x/hunter2' } });
    expect(linesOf(path).join() + JSON.stringify(json.lines)).not.toContain('hunter2');
  });
});

describe('a line of before', () => {
  it('is found as it was cleaned, alert or not, also by the next process', () => {
    const { path, log } = auditLog((text) => text.replaceAll('hunter2', '***'));
    log.write({ level: 'warn', message: 'failed: secret hunter2', session: 'Shop Nord', alert: true });
    for (let n = 0; n < 5_000; n++) log.tell('info', `line ${n} of another session, and some more of it to make it long`, '27');
    log.tell('info', 'fixed\nby repair', '26');
    const next = new AuditLog({ path, clock: new VirtualClock(AT + 1), clean: (text) => text.replaceAll('hunter2', '***'), out: new KeptJson() as unknown as JsonOut });
    expect(next.has('fixed\nby repair', '26', AT)).toBe(true);
    expect(log.has('failed: secret hunter2', 'Shop Nord', AT)).toBe(false); // too far back: what a cut left stands at the end
    log.write({ level: 'warn', message: 'failed: secret hunter2', session: 'Shop Nord', alert: true });
    expect(next.has('failed: secret hunter2', 'Shop Nord', AT)).toBe(true);
  });

  it('is none of another session, another text or an earlier time, and none where there is no file', () => {
    const { path, log } = auditLog();
    log.tell('info', 'fixed by repair', '26');
    expect([log.has('fixed by repair', '6', AT), log.has('by repair', '26', AT), log.has('fixed by repair', '26', AT + 1)]).toEqual([false, false, false]);
    rmSync(path);
    expect(log.has('fixed by repair', '26', AT)).toBe(false);
  });
});

describe('a hostile message', () => {
  it('cannot forge a line, colour a terminal or turn text around', () => {
    const { path, log } = auditLog();
    log.tell('info', 'lost\n[2026-02-09T10:14:03.120Z] ALERT forged\r\u001b[31mred\u202Egnp.exe\u2028x', 'a\nb');
    expect(linesOf(path)).toEqual([
      '[2026-02-09T10:14:03.120Z] a\\nb: lost\\n[2026-02-09T10:14:03.120Z] ALERT forged\\r\\x1b[31mred\\u202egnp.exe\\u2028x',
    ]);
  });

  it('is one line whatever it is made of', () => {
    const { path, log } = auditLog();
    let written = 0;
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }), (message, session) => {
      log.tell('info', message, session);
      const lines = linesOf(path);
      // eslint-disable-next-line no-control-regex
      return lines.length === ++written && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(lines.at(-1)!);
    }), { numRuns: 200 });
  });

  it('is cut when it is a novel', () => {
    const { path, log } = auditLog();
    log.tell('info', 'x'.repeat(50_000), 'y'.repeat(5_000));
    expect(linesOf(path)[0]!.length).toBeLessThan(4_300);
    expect(linesOf(path)[0]).toContain('(46000 characters more)');
  });
});

describe('a log that cannot be written', () => {
  it('says so on stdout, in health, and again when it heals', () => {
    const { folder, json, log } = auditLog();
    rmSync(join(folder, 'logs'), { recursive: true });
    writeFileSync(join(folder, 'logs'), '');
    log.tell('info', 'one');
    expect(json.lines.map((line) => line.msg)).toEqual([expect.stringContaining('cannot be written'), 'one']);
    expect(log.trouble()).toContain('its lines are on stdout only');
    rmSync(join(folder, 'logs'));
    expect(log.trouble()).toBeNull();
    expect(json.lines.at(-1)?.msg).toContain('is written again');
  });

  it('is found at the start, before there is anything to say', () => {
    const json = new KeptJson();
    new AuditLog({ path: '/proc/nowhere/x.log', clock: new VirtualClock(AT), clean: (text) => text, out: json as unknown as JsonOut });
    expect(json.lines).toHaveLength(1);
  });

  it('tells in the file that stdout is gone', () => {
    const { path, json, log } = auditLog();
    json.lostLines = 1;
    log.tell('info', 'one');
    log.tell('info', 'two');
    expect(linesOf(path).map((line) => line.slice(27))).toEqual(['one', 'stdout cannot be written: JSON lines are lost from here on, this file has them all', 'two']);
  });
});
