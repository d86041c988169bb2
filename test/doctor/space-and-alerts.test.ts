import { describe, expect, it } from 'vitest';
import { checkSpace } from '../../sidecar/doctor/folders.ts';
import { SPACE } from '../../sidecar/doctor/space.ts';
import { ChromiumProfileStore } from '../../sidecar/stores/chromium-profile.ts';
import { serve } from '../gateways/server.ts';
import { command, wellSetUp } from './newcomer.ts';

describe('space for backups', () => {
  it('is measured on the disk of the backups, against twice what a backup holds', async () => {
    const { profiles, tokens, folder } = await wellSetUp();
    const store = new ChromiumProfileStore({ userDataDir: profiles, tokensDir: tokens });
    const twice = 2 * (1000 + '{}'.length);
    expect(await checkSpace([store], folder, { ...SPACE, freeAt: () => Promise.resolve(twice) })).toMatchObject([{ verdict: 'ok' }]);
    expect(await checkSpace([store], folder, { ...SPACE, freeAt: () => Promise.resolve(twice - 1) })).toMatchObject([{ verdict: 'wrong', says: expect.stringContaining('free some space or set AUTO_FIX_BACKUP_DIR') }]);
  });
});

describe('doctor --alert', () => {
  it('sends one message that says it is a test', async () => {
    const hook = await serve((_, response) => response.end('ok'));
    const { env } = await wellSetUp();
    expect(await command('doctor', { ...env, AUTO_FIX_ALERT_WEBHOOK: `${hook.url}/secret-part` }, [], { alert: true })).toMatchObject({ code: 0, out: expect.not.stringContaining('secret-part') });
    expect(hook.calls).toHaveLength(1);
    expect(JSON.parse(hook.calls[0]!.body)).toMatchObject({ kind: 'test', title: 'auto-fix-sessions: test message' });
  });

  it('says why it did not arrive', async () => {
    const hook = await serve((_, response) => response.writeHead(404).end());
    const { env } = await wellSetUp();
    expect(await command('doctor', { ...env, AUTO_FIX_ALERT_WEBHOOK: hook.url }, [], { alert: true })).toMatchObject({ code: 1, out: expect.stringContaining('answered 404') });
  });

  it('cannot send to nobody', async () => {
    const { env } = await wellSetUp();
    await expect(command('doctor', { ...env, AUTO_FIX_ALERT_WEBHOOK: '' }, [], { alert: true })).rejects.toThrow('AUTO_FIX_ALERT_WEBHOOK is not set');
  });
});
