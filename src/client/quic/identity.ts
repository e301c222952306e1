import { FlockworkError } from '../../../protocols/errors/error.ts';

/** A key that makes a client the same peer every time, and the peer id that `quic.allowedPeers` of a node may name. */
export interface ClientIdentity {
  /** The private key: keep it secret. For `ConnectOptions.identity`. */
  readonly identity: Uint8Array;
  readonly peer: string;
}

/** Makes a new identity, or reads the peer id of one. Throws `usage` for bytes that are none, `quic_unavailable`. */
export async function createIdentity(identity?: Uint8Array): Promise<ClientIdentity> {
  const { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } = await import('@libp2p/crypto/keys');
  try {
    const key = identity === undefined ? await generateKeyPair('Ed25519') : privateKeyFromProtobuf(identity);
    return { identity: privateKeyToProtobuf(key), peer: key.publicKey.toString() };
  } catch (cause) {
    throw new FlockworkError('usage', 'the bytes are no private key of libp2p', { cause });
  }
}
