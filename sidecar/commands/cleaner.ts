import type { Config } from '../config.ts';
import { scrubber } from '../report/scrub.ts';

/** Takes our own secrets by their value, and all that looks like a secret, a number or a message, out of what is shown. */
export const cleanerOf = ({ token, alertWebhook, wppconnect, wrapper, backend, redis }: Config): ((text: string) => string) =>
  scrubber([token, alertWebhook, wppconnect?.secret ?? null, wrapper?.secret ?? null, backend?.token ?? null, redis?.url ?? null]);
