import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from './control.ts';
import { RunningWpp } from './running-wpp.ts';
import { browsersOn } from './stand-ins/chromium.ts';

let wpp: RunningWpp;

beforeEach(async () => {
  wpp = new RunningWpp();
  await wpp.upAndConnected();
});
afterEach(() => wpp.down());

describe('connected that is not', () => {
  test('a killed browser: the status stays, the probe says no, one browserClose', async () => {
    await wpp.control.breakSession('s1', 'kill-browser');
    expect(await wpp.status('s1')).toBe('CONNECTED');
    expect(await wpp.probe('s1')).toMatchObject({ status: false });
    await until('browserClose', () => wpp.times('browserClose') === 1);
  });

  test.each(['freeze-renderer', 'crash-renderer'])('%s: nothing printed, the probe never answers', async (fault) => {
    const before = wpp.printed;
    await wpp.control.breakSession('s1', fault);
    expect(await wpp.status('s1')).toBe('CONNECTED');
    await expect(wpp.probe('s1')).rejects.toThrow(/timeout|aborted/i);
    expect(wpp.printed).toBe(before);
    expect((await wpp.control.breakSession('s1', 'message')).result).toBe(false);
    await wpp.close('s1');
    await wpp.start('s1');
    await wpp.becomes('s1', 'CONNECTED');
    expect(await wpp.probe('s1')).toEqual({ status: true, message: 'Connected' });
  });

  test('a phone without network: nothing printed, the probe says yes all the same', async () => {
    const before = wpp.printed;
    await wpp.control.breakSession('s1', 'phone-offline');
    expect(await wpp.probe('s1')).toMatchObject({ status: true });
    expect(wpp.printed).toBe(before);
    expect((await wpp.control.breakSession('s1', 'message')).result).toBe(false);
  });
});

describe('a start that fails', () => {
  test('a lock of another host: Code 21 three times, INITIALIZING until close and unlink', async () => {
    await wpp.control.breakSession('s1', 'lock-elsewhere');
    expect(wpp.times('Failed to launch the browser process:  Code: 21')).toBe(3);
    expect(await wpp.status('s1')).toBe('INITIALIZING');
    expect((await wpp.close('s1')).status).toBe(500);
    await wpp.start('s1');
    expect(await wpp.status('s1')).toBe('INITIALIZING');
    await wpp.close('s1');
    wpp.unlock('s1');
    await wpp.start('s1');
    await wpp.becomes('s1', 'CONNECTED');
  });

  test('an orphan browser: already running, until exactly that browser is ended', async () => {
    await wpp.control.breakSession('s1', 'orphan-browser');
    expect(wpp.times(`The browser is already running for ${wpp.profile('s1')}.`)).toBe(3);
    const [orphan, ...others] = browsersOn(wpp.profile('s1'));
    expect(others).toEqual([]);
    await wpp.close('s1');
    process.kill(orphan!, 'SIGKILL');
    await until('the orphan to be gone', () => browsersOn(wpp.profile('s1')).length === 0);
    await wpp.start('s1');
    await wpp.becomes('s1', 'CONNECTED');
  });

  test('locks unlinked under a live browser: the second browser ruins the profile', async () => {
    await wpp.control.breakSession('s1', 'orphan-browser');
    await wpp.close('s1');
    wpp.unlock('s1');
    await wpp.start('s1');
    await until('the page to refuse', () => wpp.times('Failed to authenticate') === 1);
    expect(await wpp.status('s1')).toBe('CLOSED');
  });

  test('files deleted under a live browser: the profile is ruined at its close', async () => {
    rmSync(join(wpp.profile('s1'), 'Default/IndexedDB'), { recursive: true });
    await wpp.close('s1');
    await wpp.start('s1');
    await until('the page to refuse', () => wpp.times('Failed to authenticate') === 1);
    expect(await wpp.status('s1')).toBe('CLOSED');
  });

  test('stuck: INITIALIZING for ever, its browser lives on behind a close', async () => {
    await wpp.control.breakSession('s1', 'stick');
    expect(await wpp.status('s1')).toBe('INITIALIZING');
    expect((await wpp.close('s1')).status).toBe(500);
    await wpp.start('s1');
    expect(wpp.times('The browser is already running for')).toBe(3);
  });

  describe('never heals', () => {
    /** A well session is closed, and every later start ends as `kind`. */
    const restartWith = async (kind: string) => {
      await wpp.up({ pace: { startMs: 20, shortLifeMs: 50 } });
      await wpp.becomes('s1', 'CONNECTED');
      await wpp.control.breakSession('s1', 'next-starts', { kind });
      await wpp.close('s1');
      await wpp.start('s1');
    };

    test('fails: the page refuses the login and closes', async () => {
      await restartWith('fails');
      await until('the page to refuse', () => wpp.times('qrReadError') === 1);
      expect(await wpp.status('s1')).toBe('CLOSED');
    });

    test('stuck: the page never comes', async () => {
      await restartWith('stuck');
      expect(await wpp.status('s1')).toBe('INITIALIZING');
      expect(wpp.times('[s1:page] Page loaded')).toBe(1); // by the start before
    });

    test('zombie: Started Session, and nobody behind it', async () => {
      await restartWith('zombie');
      await wpp.becomes('s1', 'CONNECTED');
      expect(wpp.times('Started Session: s1')).toBe(2);
      await expect(wpp.probe('s1')).rejects.toThrow(/timeout|aborted/i);
    });

    test('short-lived: Started Session, and closed by itself soon after', async () => {
      await restartWith('short-lived');
      await until('its end', () => wpp.times('browserClose') === 2); // our close, then its own
      expect(wpp.times('Started Session: s1')).toBe(2);
    });
  });

  test('a status request too soon after a start unpairs a fragile session', async () => {
    await wpp.control.breakSession('s1', 'fragile-start', { ms: 60_000 });
    await wpp.close('s1');
    await wpp.start('s1');
    expect(await wpp.status('s1')).toBe('CLOSED');
    expect(wpp.printed).toContain('State Change UNPAIRED: s1');
  });

  test.each([
    ['cache', 'Default/Code Cache', 'CONNECTED'],
    ['login', 'Default/IndexedDB', 'QRCODE'],
  ])('a corrupt %s fails every start until %s is gone; then the session is %s', async (place, folder, status) => {
    await wpp.close('s1');
    await wpp.control.breakSession('s1', 'corrupt-profile', { place });
    for (const failures of [1, 2]) {
      await wpp.start('s1');
      await until('the page to refuse', () => wpp.times('Failed to authenticate') === failures);
      await wpp.becomes('s1', 'CLOSED');
    }
    rmSync(join(wpp.profile('s1'), folder), { recursive: true });
    await wpp.start('s1');
    await wpp.becomes('s1', status);
    expect(await wpp.status('s1')).toBe(status);
  });
});
