import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { FlockworkError } from '../../../protocols/errors/error.ts';

export type Identity = Awaited<ReturnType<typeof generateKeyPair>>;

/**
 * The key that makes this node the same peer after a restart: 68 bytes, the private key of libp2p as protobuf. A file that is not there
 * is made, readable by its owner only. Throws `config_invalid` for one that is no such key, `data_dir_unusable` when it cannot be read or written.
 */
export async function loadIdentity(file: string): Promise<Identity> {
  const known = await readIdentity(file);
  if (known !== undefined) return known;
  const key = await generateKeyPair('Ed25519');
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(file, privateKeyToProtobuf(key));
    return key;
  } catch (cause) {
    // Another process was quicker: its key is the one.
    const made = codeOf(cause) === 'EEXIST' ? await readIdentity(file) : undefined;
    if (made !== undefined) return made;
    throw unusable(file, 'written', cause);
  }
}

/** Nobody ever sees half a key, nor does a crash leave one. Fails with EEXIST where the file is there. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

async function readIdentity(file: string): Promise<Identity | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
    await chmod(file, 0o600);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    // Somebody else's file, such as a mounted secret: its rights are not ours to set.
    if (codeOf(cause) !== 'EPERM' && codeOf(cause) !== 'EROFS') throw unusable(file, 'read', cause);
    bytes = await readFile(file);
  }
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type === 'Ed25519') return key;
  } catch (cause) {
    throw noKey(file, cause);
  }
  throw noKey(file);
}

function noKey(file: string, cause?: unknown): FlockworkError {
  return new FlockworkError('config_invalid', `${file} is no Ed25519 key of libp2p; restore it, or move it away and the node gets a new identity`, {
    ...(cause === undefined ? {} : { cause }),
    details: { file },
  });
}

function unusable(file: string, verb: string, cause: unknown): FlockworkError {
  return new FlockworkError('data_dir_unusable', `the QUIC identity ${file} cannot be ${verb} (${codeOf(cause) ?? String(cause)})`, {
    cause,
    details: { file },
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
