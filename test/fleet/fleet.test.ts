import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../sidecar/gateways/gateway.ts';
import { stack } from './fleet-stack.ts';

describe('a session', () => {
  it('is known under the spelling of the server that runs it, whoever else spells it how', async () => {
    const { fleet, told } = stack();
    await fleet.refresh();
    expect(fleet.names()).toEqual(['Pixel12 Digital', 'ImobSites']);
    for (const spelled of ['imobsites', 'ImobSites', 'IMOB-SITES', 'imob sites']) expect(fleet.resolve(spelled)).toBe('ImobSites');
    for (const spelled of ['pixel12digital', 'Pixel12 Digital']) expect(fleet.resolve(spelled)).toBe('Pixel12 Digital');
    expect(told).toEqual([]);
  });

  it('is called, reconnected and stored under each owner\'s own spelling', async () => {
    const { fleet, wpp, wrapper, profiles } = stack();
    await fleet.refresh();
    expect(fleet.target('ImobSites')).toEqual({
      session: 'ImobSites', gateway: { api: wpp, name: 'ImobSites' }, front: { api: wrapper, name: 'imobsites' },
      stores: [{ store: profiles, name: 'ImobSites' }], container: 'wppconnect-server',
    });
    expect(fleet.target('imobsites')).toBeNull();
  });

  it('that only the wrapper lists has the wrapper to look by, and no container of its own browser', async () => {
    const { fleet, wrapper } = stack({ wpp: [], profiles: [], wrapper: ['loja'] });
    await fleet.refresh();
    expect(fleet.target('loja')).toEqual({ session: 'loja', gateway: { api: wrapper, name: 'loja' }, front: null, stores: [], container: 'gateway-wrapper' });
  });

  it('that only a store holds is known, without a gateway', async () => {
    const { fleet, profiles } = stack({ wpp: [], wrapper: [], profiles: ['old one'] });
    await fleet.refresh();
    expect(fleet.target('old one')).toEqual({ session: 'old one', gateway: null, front: null, stores: [{ store: profiles, name: 'old one' }], container: null });
  });

  it.each(['', 'nobody', 'ImobSites2', 'https://imobsites.example', '__proto__', 'constructor', '../..', '*', 'x'.repeat(5_000), '\u0000', '\ud800'])('is not %j', async (spelled) => {
    const { fleet } = stack();
    await fleet.refresh();
    expect(fleet.resolve(spelled)).toBeNull();
    expect(fleet.target(spelled)).toBeNull();
    expect(fleet.inContainer(spelled)).toEqual([]);
  });

  it('may be called __proto__ and is then one like any other', async () => {
    const { fleet } = stack({ wpp: ['__proto__', 'constructor'], wrapper: [], profiles: [] });
    await fleet.refresh();
    expect(fleet.names()).toEqual(['__proto__', 'constructor']);
    expect(fleet.resolve('__PROTO__')).toBe('__proto__');
    expect(fleet.target('constructor')?.gateway?.name).toBe('constructor');
  });
});

describe('two sessions of one list whose spellings would meet', () => {
  it('never merge: each is known by its exact spelling only, and it is said once', async () => {
    const { fleet, told, wrapperList } = stack({ wpp: ['ImobSites', 'imobsites'], wrapper: ['imobsites'], profiles: ['ImobSites'] });
    await fleet.refresh();
    wrapperList.names = ['imobsites', 'Imob Sites'];
    await fleet.refresh();
    expect(fleet.resolve('ImobSites')).toBe('ImobSites');
    expect(fleet.resolve('imobsites')).toBe('imobsites');
    expect(fleet.resolve('IMOBSITES')).toBeNull();
    expect([fleet.target('ImobSites')!.front, fleet.target('imobsites')!.front?.name]).toEqual([null, 'imobsites']);
    expect([fleet.target('ImobSites')!.stores.length, fleet.target('imobsites')!.stores.length]).toEqual([1, 0]);
    const said = told.filter((line) => line.includes('wppconnect although'));
    expect(said).toEqual(['warn: "ImobSites" and "imobsites" are 2 sessions of wppconnect although only case, spaces or dashes tell them apart: each is known by its exact spelling only, other spellings are nobody\'s; remove the one that is there by mistake']);
  });

  it('can be told apart by an alias', async () => {
    const { fleet } = stack({ wpp: ['ImobSites', 'imobsites'], wrapper: [], profiles: [] }, { aliases: new Map([['IMOBSITES', 'ImobSites']]) });
    await fleet.refresh();
    expect(fleet.resolve('IMOBSITES')).toBe('ImobSites');
  });
});

describe('an alias', () => {
  it('gives a spelling that nobody could guess to a session, in any spelling of the two', async () => {
    const { fleet, told } = stack({}, { aliases: new Map([['pixel12digital_121', 'pixel12digital']]) });
    await fleet.refresh();
    expect(fleet.resolve('pixel12digital_121')).toBe('Pixel12 Digital');
    expect(fleet.resolve('Pixel12Digital_121')).toBe('Pixel12 Digital');
    expect(told).toEqual([]);
  });

  it('that names nobody is said once, when all lists have answered', async () => {
    const { fleet, told, wppList } = stack({}, { aliases: new Map([['p12', 'Pixel 13']]) });
    wppList.failure = new Error('not yet');
    await fleet.refresh();
    expect(told.filter((line) => line.includes('AUTO_FIX_ALIASES'))).toEqual([]);
    wppList.failure = null;
    await fleet.refresh();
    await fleet.refresh();
    expect(told.filter((line) => line.includes('AUTO_FIX_ALIASES'))).toEqual(["warn: AUTO_FIX_ALIASES gives p12 to Pixel 13, which is in no list: lines about p12 stay nobody's; correct the name"]);
    expect(fleet.resolve('p12')).toBeNull();
  });

  it('never takes a name away from a session of that name', async () => {
    const { fleet, told } = stack({}, { aliases: new Map([['imobsites', 'Pixel12 Digital']]) });
    await fleet.refresh();
    expect(fleet.resolve('imobsites')).toBe('ImobSites');
    expect(told).toEqual(['warn: AUTO_FIX_ALIASES gives imobsites to Pixel12 Digital, but that is the name of the session ImobSites itself: the alias does nothing; remove it']);
  });
});

describe('a list that fails', () => {
  it('keeps its last answer, is told once, and again when it answers', async () => {
    const { fleet, told, clock, wppList, wrapperList } = stack();
    await fleet.refresh();
    wppList.failure = new GatewayError('unreachable', 'wppconnect-server refused the connection');
    wrapperList.names = ['pixel12digital', 'imobsites', 'nova'];
    await clock.moveTo(5_000);
    await fleet.refresh();
    await fleet.refresh();
    expect(fleet.names()).toEqual(['Pixel12 Digital', 'ImobSites', 'nova']);
    expect(fleet.listings().find(({ source }) => source === 'wppconnect')).toEqual({ source: 'wppconnect', names: ['Pixel12 Digital', 'ImobSites'], answeredAt: 1_000, failure: 'wppconnect-server refused the connection' });
    wppList.failure = null;
    await fleet.refresh();
    expect(told).toEqual([
      'warn: the list of wppconnect cannot be had, its last answer (2 sessions) is kept: wppconnect-server refused the connection',
      'info: the list of wppconnect answers again: 2 sessions',
    ]);
  });

  it('from the start leaves the names to the stores, which spell as the server does', async () => {
    const { fleet, wppList } = stack();
    wppList.failure = new Error('down');
    await fleet.refresh();
    expect(fleet.names()).toEqual(['ImobSites', 'Pixel12 Digital']);
  });
});

it('no session changes its name while the first lists come in', async () => {
  const { fleet, wppList } = stack();
  const open = Promise.withResolvers<void>();
  wppList.held = open.promise;
  const refreshing = fleet.refresh();
  await new Promise((resolve) => setImmediate(resolve));
  expect(fleet.resolve('imobsites')).toBeNull();
  open.resolve();
  await refreshing;
  expect(fleet.resolve('imobsites')).toBe('ImobSites');
});

it('a slow list holds up nobody who comes before it, and is not asked twice at a time', async () => {
  const { fleet, wrapperList } = stack();
  const open = Promise.withResolvers<void>();
  wrapperList.held = open.promise;
  const refreshing = [fleet.refresh(), fleet.refresh()];
  await new Promise((resolve) => setImmediate(resolve));
  expect(fleet.resolve('imobsites')).toBe('ImobSites');
  expect(fleet.target('ImobSites')?.front).toBeNull();
  open.resolve();
  await Promise.all(refreshing);
  expect(fleet.target('ImobSites')?.front?.name).toBe('imobsites');
  expect(wrapperList.asked).toBe(1);
});

it('the wrapper\'s container holds the same sessions as its server', async () => {
  const { fleet, wppList } = stack();
  await fleet.refresh();
  expect(fleet.inContainer('gateway-wrapper')).toEqual(['Pixel12 Digital', 'ImobSites']);
  expect(fleet.inContainer('wppconnect-server')).toEqual(['Pixel12 Digital', 'ImobSites']);
  expect(fleet.inContainer('redis')).toEqual([]);
  wppList.names = ['ImobSites', 'Nova'];
  await fleet.refresh();
  expect(fleet.inContainer('wppconnect-server')).toEqual(['ImobSites', 'Nova', 'Pixel12 Digital']);
});

it('a listed name that no session can have is left out and said', async () => {
  const { fleet, told } = stack({ wpp: ['../..', 'a:b', 'ok'], wrapper: [], profiles: [] });
  await fleet.refresh();
  expect(fleet.names()).toEqual(['ok']);
  expect(told[0]).toBe('warn: wppconnect lists the name "../..", which no session can have: it is left out; rename it there');
});
