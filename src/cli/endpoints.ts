import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The file in which a node that listens says where; written by the node with mode 0600. */
export const endpointsFileName = 'endpoints.json';

const endpoints = z.object({
  pid: z.int().min(1),
  node: z.string(),
  http: z.string().optional(),
  ws: z.string().optional(),
  quic: z.string().optional(),
  tcp: z.string().optional(),
  startedAt: z.string(),
  /** A `flockwork run`, which takes no goal but its own. */
  private: z.boolean().optional(),
  /** What such a process wants to be told by those who connect. */
  token: z.string().optional(),
});
export type Endpoints = z.infer<typeof endpoints>;

/** The endpoints of the live node of a data folder; undefined when there is none, or when the one that wrote the file is dead. */
export async function readEndpoints(dataDir: string): Promise<Endpoints | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDir, endpointsFileName), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  const parsed = endpoints.safeParse(parseOrUndefined(text));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

/** A node that was killed while it wrote the file leaves half of it; it is as dead as its file. */
function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Alive, and of another user.
    return hasCode(error, 'EPERM');
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
