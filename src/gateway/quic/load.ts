import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Everything of libp2p that the QUIC port needs; a third of a second's work on a slow machine, so only where QUIC is on. */
export interface QuicModules {
  readonly createLibp2p: typeof import('libp2p')['createLibp2p'];
  readonly quic: typeof import('@chainsafe/libp2p-quic')['quic'];
}

/** Throws `quic_unavailable` where the native module was not built for this machine, or was left out of the installation. */
export async function loadQuic(): Promise<QuicModules> {
  try {
    const [{ quic }, { createLibp2p }] = await Promise.all([import('@chainsafe/libp2p-quic'), import('libp2p')]);
    return { quic, createLibp2p };
  } catch (cause) {
    throw new FlockworkError(
      'quic_unavailable',
      `QUIC cannot be had on ${process.platform}-${process.arch}: its native module @chainsafe/libp2p-quic does not load (${firstSentence(cause)})`,
      {
        cause,
        details: { platform: process.platform, arch: process.arch },
      },
    );
  }
}

/** Packages that are not installed with Flockwork: QUIC needs none of them. */
const tcpPackages = ['@libp2p/tcp', '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux'] as const;

export interface TcpModules {
  readonly createLibp2p: typeof import('libp2p')['createLibp2p'];
  readonly tcp: typeof import('@libp2p/tcp')['tcp'];
  readonly noise: typeof import('@chainsafe/libp2p-noise')['noise'];
  readonly yamux: typeof import('@chainsafe/libp2p-yamux')['yamux'];
}

/** Throws `tcp_unavailable` where one of the optional packages is missing. */
export async function loadTcp(): Promise<TcpModules> {
  try {
    const [{ tcp }, { noise }, { yamux }, { createLibp2p }] = await Promise.all([
      import('@libp2p/tcp'),
      import('@chainsafe/libp2p-noise'),
      import('@chainsafe/libp2p-yamux'),
      import('libp2p'),
    ]);
    return { tcp, noise, yamux, createLibp2p };
  } catch (cause) {
    throw new FlockworkError(
      'tcp_unavailable',
      `libp2p over TCP needs packages that are not installed (${firstSentence(cause)}); run: npm install ${tcpPackages.join(' ')}`,
      { cause, details: { packages: [...tcpPackages] } },
    );
  }
}

function firstSentence(cause: unknown): string {
  const [why = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s|\n/, 1);
  return why;
}
