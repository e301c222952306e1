/** @needs nats-server, openssl */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../../actors/ports/bus.ts';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import { makeCertificates } from '../../../scripts/services/certificates.ts';
import { findNatsServer, NatsServer, type NatsServerOptions } from '../../../scripts/services/nats.ts';
import { makeOperated, makeUser } from '../../../scripts/services/nats-users.ts';
import { openNatsBus } from './index.ts';
import type { NatsBusOptions } from './options.ts';

const projector = { name: 'nothing', version: 1, project: () => [] };
const stream = 'flock.acme.journal.1.goal-1.coordinator';
const mayRun = findNatsServer() !== undefined || process.env['CI'] !== undefined;

describe.skipIf(!mayRun)('who a process is to its NATS servers (nats-server must be on PATH)', () => {
  const ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'flockwork-certificates-'));
    ends.push(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };
  const serve = async (options?: NatsServerOptions): Promise<NatsServer> => {
    const server = await NatsServer.start(options);
    ends.push(() => server.stop());
    return server;
  };
  const open = async (servers: readonly string[], options: Partial<NatsBusOptions> = {}): Promise<Bus> => {
    const bus = await openNatsBus({ servers, projector, ...options });
    ends.push(() => bus.close());
    return bus;
  };
  const works = async (bus: Bus): Promise<void> => {
    const position = await bus.journal.append(stream, nothingBefore, ['a record']);
    expect(String(await bus.journal.head())).toBe(position);
  };

  test('an nkey that the server knows, and one that it does not', async () => {
    const [known, stranger] = [makeUser(), makeUser()];
    const server = await serve({ configuration: `authorization { users: [ { nkey: ${known.publicKey} } ] }` });
    await works(await open([server.url], { credentials: { type: 'nkey', seed: known.seed } }));
    const refused: unknown = await open([server.url], { credentials: { type: 'nkey', seed: stranger.seed } }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'bus_unreachable', retryable: false, message: expect.stringContaining('refuses the credentials') });
    expect(JSON.stringify(refused) + String(refused)).not.toContain(stranger.seed);
  });

  test('a credentials file of a server with an operator, and one of another', async () => {
    const [operated, other] = [makeOperated(), makeOperated()];
    const server = await serve({ configuration: operated.configuration });
    await works(await open([server.url], { credentials: { type: 'file', text: operated.creds } }));
    await expect(open([server.url], { credentials: { type: 'file', text: other.creds } })).rejects.toMatchObject({ code: 'bus_unreachable', retryable: false });
  });

  test('tls:// with the CA of the servers; without it, and without a certificate where they ask for one, nothing', async () => {
    const { ca, file } = makeCertificates(folder());
    const tls = `tls { cert_file: "${file('server.pem')}", key_file: "${file('server.key')}"`;
    const server = await serve({ configuration: `${tls} }` });
    const url = server.url.replace('nats://', 'tls://');
    await works(await open([url], { tls: { caFile: ca } }));
    await expect(open([url])).rejects.toMatchObject({ code: 'bus_unreachable' });

    const strict = await serve({ configuration: `${tls}, ca_file: "${ca}", verify: true }` });
    const mutual = strict.url.replace('nats://', 'tls://');
    await works(await open([mutual], { tls: { caFile: ca, certFile: file('client.pem'), keyFile: file('client.key') } }));
    await expect(open([mutual], { tls: { caFile: ca } })).rejects.toMatchObject({ code: 'bus_unreachable' });
  });

  test('several addresses: one that is there is enough', async () => {
    const [gone, server] = [await serve(), await serve()];
    await gone.end();
    await works(await open([gone.url, server.url]));
  });

  test('a JetStream domain', async () => {
    const server = await serve({ domain: 'hub' });
    await works(await open([server.url], { domain: 'hub' }));
    await expect(open([server.url], { domain: 'elsewhere' })).rejects.toMatchObject({ code: expect.stringMatching(/^bus_(unreachable|misconfigured)$/) });
  });

  test('a tenant has streams of its own, beside those of another; not beside those of all', async () => {
    const server = await serve();
    const [acme, beta] = [await open([server.url], { tenant: 'acme' }), await open([server.url], { tenant: 'beta' })];
    await works(acme);
    expect(await beta.journal.head()).toBe(0);
    await expect(beta.journal.append(stream, nothingBefore, ['a record'])).rejects.toMatchObject({ code: 'subject_invalid' });
    await expect(acme.tasks.push({ subject: 'flock.beta.task.default.5.g.t', id: 't', body: '{}' })).rejects.toMatchObject({ code: 'subject_invalid' });
    await expect(open([server.url])).rejects.toMatchObject({ code: 'bus_misconfigured', details: { field: 'subjects' } });
  });
});
