// How the code of this room says that one document is refused; caught at the edge, listed, and the batch goes on.

import type { RefusalCode } from './types.ts';

export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: RefusalCode;

  /** `message` says the place and the rule, in lower case, and holds no more than an excerpt of the document. */
  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Text from outside for a message: quoted, escaped, and cut to 100 characters. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
