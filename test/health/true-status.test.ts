import { describe, expect, it } from 'vitest';
import { trueStatus, type News, type Says, type Source } from '../../sidecar/health/true-status.ts';

const SECOND = 1000;
const news = (at: number, says: Says, source: Source = 'event'): News => ({ at: at * SECOND, says, source, why: `${says} at ${at}` });

describe('the true status', () => {
  it('is unknown while nothing has told', () => {
    expect(trueStatus([])).toMatchObject({ status: 'unknown', since: null });
  });

  it('is disconnected after a close, however connected the flag of the gateway stays', () => {
    expect(trueStatus([news(1, 'connected'), news(10, 'closed'), news(20, 'word-connected', 'gateway')])).toMatchObject({ status: 'disconnected', since: 10 * SECOND, source: 'event' });
  });

  it('does not take a flag of the gateway for a connection, even when nothing else has told', () => {
    expect(trueStatus([news(1, 'word-connected', 'gateway')]).status).toBe('unknown');
  });

  it('takes other words of the gateway where nothing better has told, and only there', () => {
    expect(trueStatus([news(1, 'qr', 'gateway')])).toMatchObject({ status: 'qr_required', source: 'gateway' });
    expect(trueStatus([news(1, 'connected', 'probe'), news(2, 'closed', 'gateway')]).status).toBe('connected');
  });

  it('has no news in a contact that comes or goes', () => {
    expect(trueStatus([news(1, 'closed'), news(60, 'presence'), news(120, 'presence')])).toMatchObject({ status: 'disconnected', since: SECOND });
    expect(trueStatus([news(1, 'unpaired'), news(60, 'presence')]).status).toBe('unpaired');
  });

  it('believes a message, but not one that was queued when the session closed', () => {
    expect(trueStatus([news(10, 'closed'), news(12, 'alive')]).status).toBe('disconnected');
    expect(trueStatus([news(10, 'closed'), news(30, 'alive')])).toMatchObject({ status: 'connected', since: 30 * SECOND });
  });

  it('is unpaired from the unlinking to the next proof of a connection, whatever closes and starts between', () => {
    const story = [news(1, 'connected'), news(10, 'unpaired'), news(11, 'closed'), news(20, 'starting'), news(25, 'closed')];
    expect(trueStatus(story)).toMatchObject({ status: 'unpaired', unpaired: true });
    expect(trueStatus([...story, news(40, 'alive')]).status).toBe('unpaired');
    expect(trueStatus([...story, news(40, 'connected')])).toMatchObject({ status: 'connected', since: 40 * SECOND });
  });

  it('holds since the first of those that agree, and names the last that told', () => {
    expect(trueStatus([news(1, 'connected'), news(50, 'connected', 'probe'), news(90, 'alive')])).toMatchObject({ since: SECOND, source: 'event', why: 'alive at 90' });
  });

  it('is the same in whatever order the two containers tell it', () => {
    const story = [news(1, 'connected'), news(5, 'alive'), news(9, 'closed'), news(9, 'closed'), news(30, 'starting'), news(33, 'connected')];
    expect(trueStatus([...story].reverse())).toEqual(trueStatus(story));
  });
});
