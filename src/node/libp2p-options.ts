import { join } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import type { GatewayOptions } from '../gateway/index.ts';

const identityName = 'quic-identity.key';

/** The ports of libp2p as the configuration asks for them: QUIC unless it is off, TCP where anything of it is set. */
export function libp2pOptions(config: LoadedConfig, dataDir: string): Pick<GatewayOptions, 'quic' | 'tcp' | 'allowedPeers'> {
  const { quic, tcp, http } = config.values;
  const { connectionsMax, handshakesMax, streamsPerConnectionMax } = quic;
  const shared = {
    identityFile: quic.identityFile === '' ? join(dataDir, identityName) : quic.identityFile,
    limits: { connectionsMax, handshakesMax, streamsPerConnectionMax },
  };
  const place = ({ host, port }: { readonly host: string; readonly port: number }) => ({ host: host === '' ? http.host : host, port });
  return {
    allowedPeers: quic.allowedPeers,
    // Whoever set anything of it wants it: then it is required.
    ...(quic.enabled === 'off' ? {} : { quic: { ...place(quic), ...shared, required: quic.enabled === 'on' || isAsked(config, 'quic') } }),
    ...(tcp.enabled === 'on' || (tcp.enabled === 'auto' && isAsked(config, 'tcp')) ? { tcp: { ...place(tcp), ...shared } } : {}),
  };
}

function isAsked({ origins }: LoadedConfig, section: string): boolean {
  return Object.entries(origins).some(([path, origin]) => path.startsWith(`${section}.`) && path !== `${section}.enabled` && origin !== 'default');
}
