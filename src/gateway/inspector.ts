/** The way out to one inspector page. */
export interface InspectorOut {
  /** Bytes that the page has not taken yet. */
  readonly bufferedBytes: number;
  send(text: string): void;
}

/** What the gateway needs of the inspector: the files of its page, and a feed for each page that has shown its credential. */
export interface GatewayInspector {
  readonly files: { file(name: string): { readonly contentType: string; readonly bytes: Buffer } | undefined };
  /** The feed of one tenant. Throws `too_many_requests`. */
  connect(
    tenant: string,
    out: InspectorOut,
    options?: { readonly form?: 'page' | 'stately' | undefined; readonly root?: string | undefined },
  ): {
    /** Takes one message of the page. Throws `invalid_request`. */
    receive(message: unknown): void;
    close(): void;
  };
}

/** An XState inspector that listens: it says nothing, so what it wants stands in the address, and its credential in a header. */
export interface Listener {
  readonly tenant: string;
  /** Only the actors of this goal. */
  readonly root: string | undefined;
}

/** The page loads nothing from elsewhere, runs no text as script, and stands in no frame. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
