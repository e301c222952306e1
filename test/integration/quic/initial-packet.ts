import { createCipheriv, createDecipheriv, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';

/** QUIC packets made by hand (RFC 9000, 9001), for peers that no library plays: with another ALPN, or silent after the first packet. */

const initialSalt = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const connectionIdBytes = 8;
const datagramBytes = 1_200;

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const with16 = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body]);
const with8 = (body: Buffer): Buffer => Buffer.concat([u8(body.length), body]);
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), with16(body)]);
const varint2 = (value: number): Buffer => u16(value | 0x4000);

function label(secret: Uint8Array, name: string, length: number): Buffer {
  const info = Buffer.concat([u16(length), with8(Buffer.from(`tls13 ${name}`)), u8(0)]);
  return createHmac('sha256', secret).update(info).update(u8(1)).digest().subarray(0, length);
}

interface Keys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly hp: Buffer;
}

function keysOf(destination: Uint8Array, side: 'client in' | 'server in'): Keys {
  const initial = createHmac('sha256', initialSalt).update(destination).digest();
  const secret = label(initial, side, 32);
  return { key: label(secret, 'quic key', 16), iv: label(secret, 'quic iv', 12), hp: label(secret, 'quic hp', 16) };
}

const mask = ({ hp }: Keys, sample: Uint8Array): Buffer => createCipheriv('aes-128-ecb', hp, null).update(sample);

function nonce({ iv }: Keys, number: number): Buffer {
  const value = Buffer.from(iv);
  value.writeUInt32BE((value.readUInt32BE(8) ^ number) >>> 0, 8);
  return value;
}

function clientHello(alpn: string, source: Buffer): Buffer {
  const share = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const extensions = Buffer.concat([
    extension(0x2b, with8(u16(0x0304))),
    extension(0x0a, with16(u16(0x001d))),
    extension(0x0d, with16(Buffer.concat([u16(0x0807), u16(0x0403), u16(0x0804)]))),
    extension(0x33, with16(Buffer.concat([u16(0x001d), with16(share)]))),
    extension(0x10, with16(with8(Buffer.from(alpn)))),
    extension(0x39, Buffer.concat([u8(0x0f), with8(source)])),
  ]);
  const body = Buffer.concat([u16(0x0303), randomBytes(32), u8(0), with16(u16(0x1301)), with8(u8(0)), with16(extensions)]);
  return Buffer.concat([u8(1), u8(0), with16(body)]);
}

export interface InitialPacket {
  readonly datagram: Buffer;
  /** The error code of the CONNECTION_CLOSE in an answer to it; undefined when there is none. */
  closeCode(answer: Buffer): number | undefined;
}

/** The first datagram of a client: a ClientHello that offers one ALPN. */
export function initialPacket(alpn: string): InitialPacket {
  const destination = randomBytes(connectionIdBytes);
  const source = randomBytes(connectionIdBytes);
  const keys = keysOf(destination, 'client in');
  const hello = clientHello(alpn, source);
  const crypto = Buffer.concat([u8(6), u8(0), varint2(hello.length), hello]);
  const number = Buffer.alloc(4);
  const start = Buffer.concat([u8(0xc3), Buffer.from([0, 0, 0, 1]), with8(destination), with8(source), u8(0)]);
  const padded = Buffer.concat([crypto, Buffer.alloc(datagramBytes - start.length - 2 - number.length - 16 - crypto.length)]);
  const header = Buffer.concat([start, varint2(number.length + padded.length + 16), number]);
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce(keys, 0)).setAAD(header);
  const sealed = Buffer.concat([cipher.update(padded), cipher.final(), cipher.getAuthTag()]);
  const datagram = Buffer.concat([header, sealed]);
  const bits = mask(keys, sealed.subarray(0, 16));
  datagram[0] = (datagram[0] ?? 0) ^ ((bits[0] ?? 0) & 0x0f);
  for (let at = 0; at < 4; at++) datagram[header.length - 4 + at] = (datagram[header.length - 4 + at] ?? 0) ^ (bits[at + 1] ?? 0);
  return { datagram, closeCode: (answer) => closeCodeOf(open(answer, keysOf(destination, 'server in'))) };
}

/** The frames of the server's first Initial packet in a datagram. */
function open(datagram: Buffer, keys: Keys): Buffer {
  let at = 5;
  at += 1 + (datagram[at] ?? 0);
  at += 1 + (datagram[at] ?? 0);
  const token = varintAt(datagram, at);
  at += token.size + token.value;
  const length = varintAt(datagram, at);
  at += length.size;
  const bits = mask(keys, datagram.subarray(at + 4, at + 20));
  const packet = Buffer.from(datagram.subarray(0, at + length.value));
  packet[0] = (packet[0] ?? 0) ^ ((bits[0] ?? 0) & 0x0f);
  const numberBytes = ((packet[0] ?? 0) & 3) + 1;
  for (let index = 0; index < numberBytes; index++) packet[at + index] = (packet[at + index] ?? 0) ^ (bits[index + 1] ?? 0);
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonce(keys, packet.readUIntBE(at, numberBytes)));
  decipher.setAAD(packet.subarray(0, at + numberBytes)).setAuthTag(packet.subarray(-16));
  return Buffer.concat([decipher.update(packet.subarray(at + numberBytes, -16)), decipher.final()]);
}

function varintAt(bytes: Buffer, at: number): { value: number; size: number } {
  const size = 1 << ((bytes[at] ?? 0) >> 6);
  let value = (bytes[at] ?? 0) & 0x3f;
  for (let index = 1; index < size; index++) value = value * 256 + (bytes[at + index] ?? 0);
  return { value, size };
}

function closeCodeOf(frames: Buffer): number | undefined {
  for (let at = 0; at < frames.length; ) {
    const type = frames[at++];
    if (type === 0x1c) return varintAt(frames, at).value;
    if (type === 0x06) {
      const offset = varintAt(frames, at);
      const length = varintAt(frames, at + offset.size);
      at += offset.size + length.size + length.value;
    } else if (type === 0x02) {
      for (let fields = 0; fields < 4; fields++) at += varintAt(frames, at).size;
    }
  }
  return undefined;
}
