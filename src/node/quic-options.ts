import { join } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import type { GatewayOptions } from '../gateway/index.ts';

const identityName = 'quic-identity.key';

/** The QUIC port as the configuration asks for it; undefined when it is off. Whoever set anything of it wants it: then it is required. */
export function quicOptions({ values, origins }: LoadedConfig, dataDir: string): GatewayOptions['quic'] {
  const { enabled, host, port, allowedPeers, identityFile, connectionsMax, handshakesMax, streamsPerConnectionMax } = values.quic;
  if (enabled === 'off') return undefined;
  const asked = Object.entries(origins).some(([path, origin]) => path.startsWith('quic.') && path !== 'quic.enabled' && origin !== 'default');
  return {
    required: enabled === 'on' || asked,
    host: host === '' ? values.http.host : host,
    port,
    allowedPeers,
    identityFile: identityFile === '' ? join(dataDir, identityName) : identityFile,
    limits: { connectionsMax, handshakesMax, streamsPerConnectionMax },
  };
}
