import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Everything of libp2p that the server needs; a third of a second's work on a slow machine, so only where QUIC is on. */
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
    const [why = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s|\n/, 1);
    throw new FlockworkError(
      'quic_unavailable',
      `QUIC cannot be had on ${process.platform}-${process.arch}: its native module @chainsafe/libp2p-quic does not load (${why})`,
      {
        cause,
        details: { platform: process.platform, arch: process.arch },
      },
    );
  }
}
