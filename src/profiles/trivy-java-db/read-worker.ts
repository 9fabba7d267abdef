// A thread that reads one upstream Java database: each message asks for the next rows.

import { parentPort, workerData } from 'node:worker_threads';
import type { ReadAnswer, ReadSettings } from './read-protocol.ts';
import { failureOf, RowReader } from './row-reader.ts';

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('started outside a worker thread');
  const { file, pageRows } = workerData as ReadSettings;
  let reader: RowReader | undefined;
  port.on('message', () => {
    let answer: ReadAnswer;
    try {
      reader ??= new RowReader(file, pageRows);
      answer = reader.next();
    } catch (error) {
      answer = { failure: failureOf(error) };
    }
    port.postMessage(answer);
  });
}

serve();
