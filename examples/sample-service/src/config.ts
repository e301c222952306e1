import { readFileSync } from 'node:fs';

export interface Config {
  port: number;
  dataFile: string;
  invoiceFolder: string;
  taxPercent: number;
  freeShippingFromCents: number;
  shippingCents: number;
  paymentUrl: string;
  paymentAttempts: number;
  mailFrom: string;
  tokenMinutes: number;
  tokenSecret: string;
}

const defaults = JSON.parse(readFileSync(new URL('../config/default.json', import.meta.url), 'utf8'));

/** Numbers may be given as text in the environment: PORT, TAX_PERCENT, … */
function fromEnvironment(env: NodeJS.ProcessEnv): Partial<Config> {
  const values: Record<string, string | number> = {};
  for (const key of Object.keys(defaults)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    const given = env[name];
    if (given === undefined || given === '') continue;
    values[key] = typeof defaults[key] === 'number' ? Number(given) : given;
  }
  return values as Partial<Config>;
}

export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const config = {
    ...defaults,
    ...fromEnvironment(env),
    // FIXME: without TOKEN_SECRET everyone who has read this file can sign tokens for any customer. Refuse to start instead.
    tokenSecret: env.TOKEN_SECRET ?? 'change-me',
  } as Config;
  if (!Number.isInteger(config.port) || config.port < 0 || config.port > 65535) {
    throw new Error(`PORT must be a port number, not ${config.port}`);
  }
  if (config.taxPercent < 0 || config.taxPercent > 100) {
    throw new Error(`TAX_PERCENT must be between 0 and 100, not ${config.taxPercent}`);
  }
  return config;
}
