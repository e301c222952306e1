import type { createLibp2p } from 'libp2p';

export type Libp2pNode = Awaited<ReturnType<typeof createLibp2p>>;
export type QuicConnection = ReturnType<Libp2pNode['getConnections']>[number];
export type QuicStream = QuicConnection['streams'][number];

/**
 * Ends our side once all bytes are out and waits for the peer to end its own; who does not is reset after `closeMaxMs`.
 * A reset throws away what the peer has not read yet, so it comes last.
 */
export async function endStream(stream: QuicStream, closeMaxMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(closeMaxMs);
  const gone = new Promise<void>((resolve) => {
    if (stream.status !== 'open') resolve();
    stream.addEventListener('close', () => resolve());
    deadline.addEventListener('abort', () => resolve());
  });
  try {
    await stream.close({ signal: deadline });
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)));
  }
  await gone;
  if (stream.status === 'open') stream.abort(new Error(`the peer did not end its side within ${closeMaxMs} ms`));
}
