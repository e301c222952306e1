import type { FileHandle } from 'node:fs/promises';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** A NUL this early means that a file is not text; git looks as far. */
const sniffBytes = 8_192;

/** The first bytes of an open file, at most `bytesMax`. */
export async function readBytes(handle: FileHandle, bytesMax: number): Promise<{ bytes: Uint8Array; size: number }> {
  const { size } = await handle.stat();
  const buffer = Buffer.alloc(Math.min(size, bytesMax));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return { bytes: buffer.subarray(0, filled), size };
}

export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, sniffBytes).includes(0);
}

/** The lines of a text without their ends; the end of the last line makes no line of its own. */
export function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

export function binaryFile(path: string, size: number): FlockworkError {
  return new FlockworkError('file_binary', `${path} is not text (${size} bytes); system.run can look at it with a program`, { details: { path, size } });
}

/** Text that can be written back byte for byte: UTF-8 without NUL. Throws `file_binary`. */
export function exactText(path: string, bytes: Uint8Array): string {
  if (bytes.includes(0)) throw binaryFile(path, bytes.length);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FlockworkError('file_binary', `${path} is not UTF-8, so it cannot be changed as text; system.run can change it with a program`, {
      cause,
      details: { path, size: bytes.length },
    });
  }
}
