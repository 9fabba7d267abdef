// Asks for a secret on the terminal without showing it. Questions go to stderr, so that stdout stays clean.

import type { Readable } from 'node:stream';
import { ExportError } from '../core/errors.ts';
import type { CliHost } from './host.ts';

type RawInput = Readable & { setRawMode?: (raw: boolean) => void };

/** One line from the terminal. Throws USAGE when there is no terminal, CANCELLED on Ctrl-C. */
export async function askSecret({ stdin, stderr, signal }: CliHost, question: string): Promise<string> {
  if (stdin.isTTY !== true) {
    throw new ExportError('USAGE', 'a secret is needed and there is no terminal to ask on', {
      hint: 'give it in the environment; see --help',
    });
  }
  const input: RawInput = stdin;
  stderr.write(question);
  input.setRawMode?.(true);
  try {
    return await readLine(input, signal);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    stderr.write('\n');
  }
}

async function readLine(input: Readable, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let line = '';
  const cancel = (): void => reject(new ExportError('CANCELLED', 'cancelled'));
  const onData = (data: Buffer | string): void => {
    for (const character of data.toString()) {
      if (character === '\u0003' || character === '\u0004') return cancel();
      if (character === '\r' || character === '\n') return resolve(line);
      line = character === '\u007f' || character === '\b' ? line.slice(0, -1) : line + character;
    }
  };
  input.on('data', onData);
  input.once('end', cancel);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    input.off('data', onData);
    input.off('end', cancel);
    signal.removeEventListener('abort', cancel);
  }
}
