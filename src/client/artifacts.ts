import type { Artifacts } from '../../protocols/wire/results.ts';
import type { ClientTransport } from './transport.ts';

export interface ArtifactPagesOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** The pages of what came out of a goal, one question each. A node of before there were pages answers everything at once. */
export async function* artifactPages(transport: ClientTransport, goalId: string, { limit, after }: ArtifactPagesOptions = {}): AsyncGenerator<Artifacts> {
  let position = after;
  do {
    const params = { goalId, ...(limit === undefined ? {} : { limit }), ...(position === undefined ? {} : { after: position }) };
    const answer = (await transport.call('artifact.list', params)) as Omit<Artifacts, 'next'> & Partial<Pick<Artifacts, 'next'>>;
    const { next = null } = answer;
    yield { ...answer, next };
    position = next ?? undefined;
  } while (position !== undefined);
}

/** All pages as one. */
export async function wholeOf(pages: AsyncIterable<Artifacts>): Promise<Artifacts> {
  const items: Artifacts['items'][number][] = [];
  const files = new Map<string, Artifacts['base']['files'][number]>();
  let first: Artifacts | undefined;
  for await (const page of pages) {
    first ??= page;
    items.push(...page.items);
    for (const file of page.base.files) files.set(file.path, file);
  }
  return {
    items,
    base: { files: [...files.values()] },
    patch: first?.patch ?? null,
    ...(first?.patchBlob === undefined ? {} : { patchBlob: first.patchBlob }),
    next: null,
  };
}
