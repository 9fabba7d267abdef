// What the reader of a Java database and its thread say to each other: one question, one answer, in order.

export type ReadSettings = {
  readonly file: string;
  /** Rows in one answer. */
  readonly pageRows: number;
};

export type ReadFailure =
  /** The file is not what it should be; `message` is the end of a sentence about it. */
  { readonly kind: 'refused'; readonly message: string } | { readonly kind: 'failed'; readonly message: string };

export type ReadAnswer =
  /** Lines `k TAB v LF`, sorted by k; after the last ones `leftOut` counts the rows that have no form here. */
  | { readonly lines: Uint8Array }
  | { readonly leftOut: Readonly<Record<string, number>> }
  | { readonly failure: ReadFailure };
