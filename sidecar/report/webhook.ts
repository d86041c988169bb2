import type { Secret } from '../settings/secret.ts';
import type { Notice } from './alerts.ts';
import type { Channel } from './notifier.ts';

/** One message as a service wants it. */
interface Shape {
  /** How the service is called in the log. */
  name: string;
  fits(url: URL): boolean;
  body(words: Words, url: URL): string;
  headers?(words: Words): Record<string, string>;
  /** Where it is posted to, if not the address as it is. */
  target?(url: URL): URL;
}

interface Words { title: string; text: string; notice: Notice }

/** Discord refuses longer messages, Telegram from 4096, ntfy makes files of them from 4096 bytes. */
const LONGEST = { discord: 1_900, telegram: 4_000, ntfy: 1_900 };

const JSON_TYPE = { 'content-type': 'application/json' };

/** Tried in this order; the last takes anything. */
const SHAPES: readonly Shape[] = [
  {
    name: 'Slack',
    fits: (url) => url.hostname === 'hooks.slack.com',
    body: ({ title, text, notice }) => JSON.stringify({ text: withLink(`*${forSlack(title)}*\n${forSlack(text)}`, notice) }),
  },
  {
    name: 'Discord',
    fits: (url) => /(^|\.)discord(app)?\.com$/.test(url.hostname),
    body: ({ title, text, notice }) =>
      JSON.stringify({ content: cut(withLink(`**${title}**\n${text}`, notice), LONGEST.discord), allowed_mentions: { parse: [] } }),
  },
  {
    name: 'Telegram',
    fits: (url) => url.hostname === 'api.telegram.org',
    // The chat stands in the address: …/bot<token>/sendMessage?chat_id=<chat>
    target: (url) => new URL(url.pathname, url),
    body: ({ title, text, notice }, url) => JSON.stringify({
      chat_id: url.searchParams.get('chat_id'),
      text: cut(withLink(`${title}\n${text}`, notice), LONGEST.telegram),
      link_preview_options: { is_disabled: true },
    }),
  },
  {
    name: 'ntfy',
    fits: (url) => /(^|\.)ntfy\./.test(url.hostname),
    body: ({ text }) => cut(text, LONGEST.ntfy),
    headers: ({ title, notice }) => ({
      'content-type': 'text/plain; charset=utf-8',
      title: forHeader(title),
      priority: notice.kind === 'alert' || notice.kind === 'digest' ? 'high' : 'default',
      tags: notice.kind === 'resolved' ? 'white_check_mark' : 'warning',
      ...(notice.link ? { click: notice.link } : {}),
    }),
  },
  {
    name: 'the webhook',
    fits: () => true,
    body: ({ title, text, notice: { kind, session, link, at } }) =>
      JSON.stringify({ title, text, kind, session, link, at: new Date(at).toISOString() }),
  },
];

/** The channel behind AUTO_FIX_ALERT_WEBHOOK; the address tells which service it is. Its address is never shown. */
export function webhookChannel(address: Secret, fetchIt: typeof fetch = fetch): Channel {
  const url = new URL(address.reveal());
  const shape = SHAPES.find(({ fits }) => fits(url))!;
  return {
    name: shape.name,
    async send(notice, signal) {
      const words = { title: titleOf(notice), text: notice.text, notice };
      const response = await fetchIt(shape.target?.(url) ?? url, {
        method: 'POST', headers: shape.headers?.(words) ?? JSON_TYPE, body: shape.body(words, url), redirect: 'manual', signal,
      }).catch((error: Error & { cause?: { code?: string } }) => {
        throw new Error(error.name === 'TimeoutError' ? 'it did not answer in time' : `it cannot be reached (${error.cause?.code ?? error.name})`);
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(REFUSALS[response.status] ?? `it answered ${response.status}`);
    },
  };
}

const REFUSALS: Record<number, string> = {
  301: 'it answered 301: the address has moved, set AUTO_FIX_ALERT_WEBHOOK to the new one',
  401: 'it answered 401: the secret part of AUTO_FIX_ALERT_WEBHOOK is wrong or was revoked',
  403: 'it answered 403: the secret part of AUTO_FIX_ALERT_WEBHOOK is wrong or was revoked',
  404: 'it answered 404: AUTO_FIX_ALERT_WEBHOOK is not, or no longer, an address of that service',
  429: 'it answered 429: too many messages for it',
};

function titleOf({ kind, session }: Notice): string {
  if (kind === 'test') return 'auto-fix-sessions: test message';
  const what = kind === 'resolved' ? 'resolved' : 'ALERT';
  return session ? `${what}: ${session}` : `${what}: WhatsApp gateway`;
}

const withLink = (text: string, { link }: Notice): string => (link ? `${text}\n${link}` : text);
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
/** Slack reads <…> as links and mentions. */
const forSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
/** Headers are latin-1 without control characters. */
const forHeader = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/g, '?');
