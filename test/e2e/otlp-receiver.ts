/** A receiver of OTLP/HTTP in its own process: prints its port, then one JSON line for each span and each metric that it was sent. */
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly Value[] };
}
interface Attribute {
  readonly key: string;
  readonly value: Value;
}
interface Named {
  readonly attributes: readonly Attribute[];
  readonly [field: string]: unknown;
}
interface Export {
  readonly resourceSpans?: readonly { readonly resource: Named; readonly scopeSpans: readonly { readonly spans: readonly Named[] }[] }[];
  readonly resourceMetrics?: readonly { readonly resource: Named; readonly scopeMetrics: readonly { readonly metrics: readonly Named[] }[] }[];
}

function plain({ stringValue, intValue, doubleValue, boolValue, arrayValue }: Value): unknown {
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? doubleValue ?? boolValue ?? arrayValue?.values.map(plain);
}

const words = (attributes: readonly Attribute[]): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
const tell = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url?.startsWith('/hang') === true) return;
    const bytes = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
    const sent = JSON.parse(text) as Export;
    for (const { resource, scopeSpans } of sent.resourceSpans ?? [])
      for (const span of scopeSpans.flatMap(({ spans }) => spans))
        tell({ ...span, signal: 'span', attributes: words(span.attributes), resource: words(resource.attributes), key: request.headers['x-key'] });
    for (const { resource, scopeMetrics } of sent.resourceMetrics ?? [])
      for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics))
        tell({ signal: 'metric', name: metric['name'], resource: words(resource.attributes) });
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  tell({ port: typeof address === 'object' ? address?.port : 0 });
});
