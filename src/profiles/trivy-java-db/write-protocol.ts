// What the writer of a Java database and its thread say to each other: pages of rows, each answered, and the end.

export type WriteSettings = { readonly file: string };

/** Lines `k TAB v LF`, or null after the last ones. */
export type WriteRequest = Uint8Array | null;

export type WriteSummary = {
  /** Names of artifacts, each within its group. */
  readonly artifacts: number;
  /** SHA-1 that the file can be asked for. */
  readonly archives: number;
  /** SHA-1 that another row has too, and that stayed with that one. */
  readonly duplicates: number;
};

export type WriteFailure = { readonly kind: 'invalid' | 'full' | 'failed'; readonly message: string };

export type WriteAnswer =
  { readonly taken: true } | { readonly summary: WriteSummary } | { readonly failure: WriteFailure };
