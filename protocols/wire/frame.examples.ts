import { encodeFrame, FrameDecoder, formatCursor, rpcNotification } from '../index.ts';

/** Sends two notifications over one stream and reads them back, as a transport would. */
export function framesOverAStream(): readonly unknown[] {
  const received: unknown[] = [];
  //#region frames
  const cursor = formatCursor({ store: 's1', sequence: 1, index: 0 });
  const frame = encodeFrame(rpcNotification('goal.event', { goalId: 'g1', cursor, type: 'goal.accepted' }));

  const decoder = new FrameDecoder();
  for (const body of decoder.push(frame)) received.push(JSON.parse(new TextDecoder().decode(body)));
  if (decoder.pending) throw new Error('the stream ended in the middle of a frame');
  //#endregion
  return received;
}
