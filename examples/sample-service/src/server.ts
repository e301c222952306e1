import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { loadConfig } from './config.ts';
import { Stock } from './inventory/stock.ts';
import { createLogger } from './logging.ts';
import { logMailer } from './notifications/mailer.ts';
import { OrderError } from './orders/order.ts';
import { OrderService } from './orders/order-service.ts';
import { HttpPaymentGateway } from './payments/gateway.ts';
import { Router } from './router.ts';
import { FileStore } from './storage/file-store.ts';

const config = loadConfig();
const logger = createLogger();
const store = new FileStore(config.dataFile);
const gateway = new HttpPaymentGateway({ url: config.paymentUrl, attempts: config.paymentAttempts, logger });
const stock = new Stock({ 'mug-blue': 40, 'mug-red': 25, 'notebook-a5': 120, 'pen-black': 600, 'lamp-desk': 12, 'chair-oak': 3 });
const service = new OrderService({ config, store, stock, gateway, mailer: logMailer(logger), logger });
const router = new Router(config, service, store);

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  // FIXME: reads whatever is sent into memory; one large body takes the process down.
  for await (const chunk of request) text += chunk;
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new OrderError(400, 'the body is not JSON');
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = await bodyOf(request);
    logger.info('request', { method: request.method, path: url.pathname, body });
    const reply = await router.handle({ method: request.method ?? 'GET', url, authorization: request.headers.authorization, body });
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
    response.writeHead(reply.status, { 'content-type': typeof reply.body === 'string' ? 'text/plain' : 'application/json' }).end(text);
  } catch (error) {
    const status = error instanceof OrderError ? error.status : 500;
    if (status === 500) logger.error('request failed', { reason: String(error) });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: status === 500 ? 'internal error' : String((error as Error).message) }));
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(config.port, () => logger.info('listening', { port: config.port }));

process.on('SIGTERM', () => server.close());
