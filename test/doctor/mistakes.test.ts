import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deadAddress, json, page, serve } from '../gateways/server.ts';
import { SECRET } from '../gateways/wppconnect-server.ts';
import { asNobody, command, diagnose, SHOP, wellSetUp } from './newcomer.ts';

const PROXY_ALLOWS_ONLY = (...paths: string[]) => (path: string) => (paths.includes(path) ? undefined : 403);

it('finds nothing to change in a set-up that is well, and changes nothing', async () => {
  const setUp = await wellSetUp();
  const before = readdirSync(setUp.folder, { recursive: true }).sort();
  const { code, wrong, text } = await diagnose(setUp);
  expect(wrong).toEqual([]);
  expect(code).toBe(0);
  expect(text).toContain(`1 session is known: ${SHOP}`);
  expect(text).not.toContain(SECRET);
  expect(readdirSync(setUp.folder, { recursive: true }).sort()).toEqual(before);
});

it('says it a line per check for people, with a sum at the end', async () => {
  const setUp = await wellSetUp();
  const { out, code } = await command('doctor', { ...setUp.env, WPPCONNECT_SECRET_KEY: 'wrong' });
  expect(code).toBe(1);
  expect(out).toMatch(/^WRONG {2}gateway {4}wppconnect-server rejects our secret .* set WPPCONNECT_SECRET_KEY to the one wppconnect-server uses$/m);
  expect(out).toMatch(/\n\d+ ok, \d+ to know, 1 to change\n$/);
});

describe('settings', () => {
  it('a mistyped name', async () => {
    const { code, wrong } = await diagnose(await wellSetUp(), { AUTO_FIX_MAX_HIT: '9' });
    expect(wrong).toEqual([expect.stringContaining('is no setting and does nothing; did you mean AUTO_FIX_MAX_HITS?')]);
    expect(code).toBe(1);
  });

  it('a value that cannot be read: nothing else can be looked at', async () => {
    const { code, wrong } = await diagnose(await wellSetUp(), { AUTO_FIX_WINDOW: 'five' });
    expect(wrong).toEqual([expect.stringMatching(/^AUTO_FIX_WINDOW: "five" cannot be used; expected a duration/)]);
    expect(code).toBe(2);
  });

  it('a patterns folder without patterns', async () => {
    const setUp = await wellSetUp();
    expect((await diagnose(setUp, { AUTO_FIX_PATTERNS_DIR: join(setUp.folder, 'logs') })).wrong).toEqual([expect.stringContaining('check AUTO_FIX_PATTERNS_DIR')]);
  });

  it('an alias for a session nobody lists', async () => {
    const { wrong } = await diagnose(await wellSetUp(), { AUTO_FIX_ALIASES: 'shop_121=Shop' });
    expect(wrong).toEqual([expect.stringMatching(/AUTO_FIX_ALIASES gives shop_121 to Shop, which is in no list: .*correct the name/)]);
  });
});

describe('the Docker socket', () => {
  it('is not mounted', async () => {
    const setUp = await wellSetUp();
    const { wrong } = await diagnose(setUp, { DOCKER_HOST: `unix://${setUp.folder}/none.sock` });
    expect(wrong).toEqual([expect.stringMatching(/^there is no Docker socket at .*none\.sock, .*: mount it \(volumes: - /)]);
  });

  it('is a folder that Docker made in its place', async () => {
    const setUp = await wellSetUp();
    const { wrong } = await diagnose(setUp, { DOCKER_HOST: `unix://${setUp.folder}/logs` });
    expect(wrong).toEqual([expect.stringMatching(/is a folder, which Docker made .*set DOCKER_SOCKET/)]);
  });

  it('may not be opened by this user: the group is named', async () => {
    const setUp = await wellSetUp();
    chmodSync(setUp.folder, 0o755);
    chmodSync(join(setUp.folder, 'docker.sock'), 0o600);
    const { wrong } = await asNobody(setUp.env);
    expect(wrong).toContainEqual(expect.stringMatching(/^this user \(uid \d+\) may not open .*: add group_add: \["\d+"\]/));
  });

  it('is behind a proxy that keeps logs and events back', async () => {
    const setUp = await wellSetUp([{}], { refuses: (path) => (/logs|events/.test(path) ? 403 : undefined) });
    expect((await diagnose(setUp)).wrong).toEqual([expect.stringMatching(/refuses events and logs, .*: allow GET of events, containers\/json/)]);
  });

  it('is behind a proxy that lists nothing', async () => {
    const setUp = await wellSetUp([{}], { refuses: PROXY_ALLOWS_ONLY('/_ping', '/events') });
    expect((await diagnose(setUp)).wrong).toEqual([expect.stringMatching(/refuses list, .*in the socket proxy/)]);
  });

  it('belongs to an engine whose clock is ten minutes ahead', async () => {
    const setUp = await wellSetUp([{}], { aheadMs: 600_000 });
    expect((await diagnose(setUp)).wrong).toEqual([expect.stringMatching(/clock is (599|600|601) s ahead of ours.*timedatectl set-ntp true/)]);
  });
});

describe('containers', () => {
  it('a mistyped name: the one there is is named', async () => {
    const { wrong } = await diagnose(await wellSetUp(), { AUTO_FIX_CONTAINERS: 'wppconect-server' });
    expect(wrong).toEqual([expect.stringContaining('did you mean wppconnect-server? Set AUTO_FIX_CONTAINERS')]);
  });

  it('a service of the default list that this stack does not have is only a note', async () => {
    const { wrong, notes } = await diagnose(await wellSetUp(), { AUTO_FIX_CONTAINERS: 'wppconnect-server,chat-bridge' });
    expect(wrong).toEqual([]);
    expect(notes).toContainEqual(expect.stringContaining('there is no container or Compose service chat-bridge'));
  });

  it('one that is stopped', async () => {
    expect((await diagnose(await wellSetUp([{ state: 'exited' }]))).wrong).toEqual([expect.stringContaining('docker start stack-wppconnect-server-1')]);
  });

  it('two of the same name in different stacks', async () => {
    const setUp = await wellSetUp([{}, { name: 'other-wppconnect-server-1', project: 'other' }]);
    expect((await diagnose(setUp)).wrong).toEqual([expect.stringContaining('name yours by its container name in AUTO_FIX_CONTAINERS')]);
  });

  it('a log that nobody can read', async () => {
    const setUp = await wellSetUp([{ logDriver: { Type: 'none', Config: {} } }]);
    expect((await diagnose(setUp)).wrong).toEqual([expect.stringMatching(/cannot be read \(driver none.*logging: \{ driver: json-file/)]);
  });

  it.each([['without end', {}, /grows without end .*max-size: 10m/], ['in one file', { 'max-size': '10m' }, /single file.*max-file: "3"/]])('a log that is kept %s', async (_, Config, says) => {
    const { wrong, notes } = await diagnose(await wellSetUp([{ logDriver: { Type: 'json-file', Config } }]));
    expect(wrong).toEqual([]);
    expect(notes).toContainEqual(expect.stringMatching(says));
  });

  it('a second sidecar on the same folders', async () => {
    const mounts = [{ Type: 'bind' as const, Source: '/srv/state', Destination: '/var/lib/auto-fix', RW: true }, { Type: 'bind' as const, Source: '/var/run/docker.sock', Destination: '/var/run/docker.sock', RW: true }];
    const setUp = await wellSetUp([{}, ...['one', 'two'].map((name) => ({ name, service: 'auto-fix-sessions', mounts }))]);
    expect((await diagnose(setUp)).wrong).toEqual(['one and two both work on /srv/state, so both would repair the same sessions: docker stop one']);
  });

  it('and no second sidecar in the doctor\'s own container of docker compose run', async () => {
    const mounts = [{ Type: 'bind' as const, Source: '/srv/state', Destination: '/var/lib/auto-fix', RW: true }];
    const setUp = await wellSetUp([{}, ...['run', 'doctor'].map((verb) => ({ name: verb, service: 'auto-fix-sessions', mounts, command: ['auto-fix', verb] }))]);
    expect((await diagnose(setUp)).wrong).toEqual([]);
  });

  it('offers every container but its own where a name is none', async () => {
    const setUp = await wellSetUp([{}, { name: 'stack-auto-fix-sessions-1', service: 'auto-fix-sessions' }]);
    expect((await diagnose(setUp, { AUTO_FIX_CONTAINERS: 'wpp' })).wrong).toEqual([expect.stringContaining('(there are: wppconnect-server)')]);
  });
});

describe('the gateway', () => {
  it('has another secret', async () => {
    expect((await diagnose(await wellSetUp(), { WPPCONNECT_SECRET_KEY: 'guessed' })).wrong).toEqual([expect.stringMatching(/rejects our secret .*set WPPCONNECT_SECRET_KEY/)]);
  });

  it('does not listen there', async () => {
    expect((await diagnose(await wellSetUp(), { WPPCONNECT_URL: `http://${await deadAddress()}` })).wrong).toEqual([expect.stringMatching(/refused the connection .*start the container or correct WPPCONNECT_URL/)]);
  });

  it('is another service: it has no list of sessions', async () => {
    const other = await serve((_, response) => json(response, 404, { error: 'Not found' }));
    expect((await diagnose(await wellSetUp(), { WPPCONNECT_URL: other.url })).wrong).toEqual([expect.stringMatching(/is not wppconnect-server, probably another service's port: correct WPPCONNECT_URL$/)]);
  });

  it('is hidden behind a proxy that answers with a web page', async () => {
    const proxy = await serve((_, response) => page(response, 502));
    expect((await diagnose(await wellSetUp(), { WPPCONNECT_URL: proxy.url })).wrong).toEqual([expect.stringMatching(/proxy in front of wppconnect-server answers 502/)]);
  });

  it('has a name that DNS does not know: where it is, is said', async () => {
    const { wrong } = await diagnose(await wellSetUp(), { WPPCONNECT_URL: 'http://wppconnect-server.invalid:21465' });
    expect(wrong).toEqual([expect.stringMatching(/is not known here \(DNS\).*correct WPPCONNECT_URL/)]);
  });
});

describe('the session folders', () => {
  it('are not mounted', async () => {
    const setUp = await wellSetUp();
    rmSync(setUp.profiles, { recursive: true });
    const { wrong } = await diagnose(setUp);
    expect(wrong[0]).toMatch(/userDataDir is not there: mount the gateway's own folder .* or correct WPPCONNECT_USER_DATA_DIR/);
  });

  it('belong to another user: both ways out are named', async () => {
    const setUp = await wellSetUp();
    for (const path of ['.', 'userDataDir', 'tokens', 'docker.sock']) chmodSync(join(setUp.folder, path), 0o755);
    chmodSync(join(setUp.folder, 'tokens'), 0o700);
    const { wrong } = await asNobody(setUp.env);
    expect(wrong).toContainEqual(expect.stringMatching(/may not read and write .*tokens .*: run auto-fix-sessions as its owner \(user: "\d+:\d+"\) or as root/));
    expect(wrong).toContainEqual(expect.stringMatching(/may not read and write .*state .*or set AUTO_FIX_STATE_DIR to a folder this user can write/));
  });

  it('are not those that the gateway uses', async () => {
    const setUp = await wellSetUp();
    rmSync(join(setUp.profiles, SHOP), { recursive: true });
    expect((await diagnose(setUp)).wrong).toEqual([expect.stringMatching(/holds no profile of ImobSites, which wppconnect-server lists, .*mount the same/)]);
  });

  it('are those of something else: what lies there is nobody\'s leftover', async () => {
    const setUp = await wellSetUp();
    const { wrong, notes } = await diagnose(setUp, { WPPCONNECT_TOKENS_DIR: setUp.profiles });
    expect(wrong).toEqual([expect.stringMatching(/userDataDir holds no token file of ImobSites, which wppconnect-server lists, .*correct WPPCONNECT_TOKENS_DIR$/)]);
    expect(notes.join()).not.toContain('move');
    const swapped = await diagnose(setUp, { WPPCONNECT_USER_DATA_DIR: setUp.folder });
    expect(swapped.wrong).toEqual([expect.stringMatching(/holds no profile of ImobSites.*correct WPPCONNECT_USER_DATA_DIR$/)]);
    expect(swapped.notes.join()).not.toContain('move');
  });

  it('of a Baileys backend are somebody else\'s: nobody is told to move them away', async () => {
    const setUp = await wellSetUp();
    const backend = await serve((_, response) => json(response, 200, [{ id: 26, name: 'Shop', status: 'OPENED' }]));
    const { wrong, notes } = await diagnose(setUp, { BACKEND_URL: backend.url, BACKEND_TOKEN: 'a-token', BAILEYS_SESSIONS_DIR: setUp.profiles });
    expect(wrong).toEqual([expect.stringMatching(/userDataDir holds no session folder of 26, which the backend lists, .*correct BAILEYS_SESSIONS_DIR$/)]);
    expect(notes.join()).not.toContain('leftover');
  });

  it('drift apart, both ways', async () => {
    const setUp = await wellSetUp();
    mkdirSync(join(setUp.profiles, 'Leftover'));
    writeFileSync(join(setUp.tokens, 'Unpaired.data.json'), '{}');
    const { notes } = await diagnose(setUp);
    expect(notes).toContainEqual(expect.stringMatching(/^the profile folder of Leftover has no token file, .*start it once by hand, or move the folder away/));
    expect(notes).toContainEqual(expect.stringMatching(/^the token file of Unpaired has no profile folder, .*scan its QR code/));
  });
});
