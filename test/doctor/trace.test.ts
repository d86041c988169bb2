import { describe, expect, it } from 'vitest';
import { shownWith } from '../../sidecar/doctor/shown.ts';
import { redact } from '../../sidecar/redact.ts';
import { command, wellSetUp } from './newcomer.ts';

const at = (minutesAgo: number): string => new Date(Date.now() - minutesAgo * 60_000).toISOString().replace('Z', '000000Z');

describe('a line that is shown for a search', () => {
  const shown = (searched: string, line: string): string => shownWith(searched, redact)(line);

  it('keeps the searched number and hides every other', () => {
    expect(shown('5500000000001', 'from 5500000000001@c.us to 5500000000002@c.us')).toBe('from 5500000000001@c.us to [number]@c.us');
  });

  it('does not give away the rest of a number of which a part was searched', () => {
    expect(shown('550000', 'from 5500000000001@c.us')).toBe('from 550000…@c.us');
    expect(shown('0001', 'from 5500000000001@c.us')).toBe('from …0001@c.us');
  });

  it('hides messages, and says so when the text is in one', () => {
    expect(shown('invoice', '{"sessionId":"Loja1","body":"your invoice is due"}')).toBe('{"sessionId":"Loja1","body":"[redacted]"} (the searched text stands in a part that is hidden)');
  });

  it('cannot be made to show more by a search with special characters', () => {
    expect(shown('.*', '{"token":"abcdef123456"}')).not.toContain('abcdef');
  });

  it('stays one short line however long the log line was', () => {
    const line = `${'x'.repeat(5000)} corr-1234 ${'y'.repeat(5000)}\nsecond`;
    expect(shown('corr-1234', line)).not.toContain('\n');
    expect(shown('corr-1234', `corr-1234 ${line}`).length).toBeLessThan(1300);
  });
});

describe('auto-fix trace', () => {
  const wrapper = { name: 'stack-gateway-wrapper-1', service: 'gateway-wrapper' };

  it('follows one id through both logs in order of time, and stores nothing', async () => {
    const setUp = await wellSetUp([
      { log: [`${at(3)} info: sent to the wrapper corr-77aa`] },
      { ...wrapper, log: [`${at(4)} nothing of it`, `${at(2)} {"level":"info","message":"Webhook event queued","correlationId":"corr-77aa","body":"hello"}`] },
    ]);
    const { code, out } = await command('trace', { ...setUp.env, AUTO_FIX_CONTAINERS: 'wppconnect-server,gateway-wrapper' }, ['CORR-77aa']);
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toEqual([expect.stringMatching(/ wppconnect-server {2}info: sent/), expect.stringMatching(/ gateway-wrapper {2}.*"correlationId":"corr-77aa","body":"\[redacted\]"/)]);
  });

  it('says when nothing holds it', async () => {
    const { code, out, err } = await command('trace', (await wellSetUp()).env, ['corr-77aa']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('holds that text');
  });

  it('refuses a search that would show everything, and a time it cannot read', async () => {
    const { env } = await wellSetUp();
    await expect(command('trace', env, ['a'])).rejects.toThrow('at least 4 characters');
    await expect(command('trace', env, ['corr-77aa'], { since: 'yesterday' })).rejects.toThrow('expected a duration');
  });

  it('says what stands in the way of the logs', async () => {
    const { env } = await wellSetUp();
    await expect(command('trace', { ...env, DOCKER_HOST: 'unix:///nowhere.sock' }, ['corr-77aa'])).rejects.toThrow('cannot be reached (ENOENT)');
    await expect(command('trace', { ...env, AUTO_FIX_CONTAINERS: 'nobody' }, ['corr-77aa'])).rejects.toThrow('set AUTO_FIX_CONTAINERS');
  });
});
