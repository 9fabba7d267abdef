// A thread that writes one Java database: pages of rows in, each answered; at the end what the file holds.

import { parentPort, workerData } from 'node:worker_threads';
import { releaseMemory } from '../../shard/release-memory.ts';
import { JavaDbFile, RowFault } from './file-writer.ts';
import type { WriteAnswer, WriteFailure, WriteRequest, WriteSettings } from './write-protocol.ts';

const sqliteFull = 13;

function failureOf(error: unknown): WriteFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RowFault) return { kind: 'invalid', message };
  const code = (error as { errcode?: unknown }).errcode;
  return { kind: code === sqliteFull ? 'full' : 'failed', message };
}

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('started outside a worker thread');
  const { file } = workerData as WriteSettings;
  let database: JavaDbFile | undefined;
  port.on('message', (request: WriteRequest) => {
    let answer: WriteAnswer;
    try {
      database ??= new JavaDbFile(file);
      if (request === null) answer = { summary: database.finish() };
      else {
        database.add(request);
        releaseMemory(request);
        answer = { taken: true };
      }
    } catch (error) {
      answer = { failure: failureOf(error) };
    }
    port.postMessage(answer);
  });
}

serve();
