// The S3 client against a real server: names that need escaping, listings in pages, uploads in parts, refusals; and
// against a server that breaks off.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../../src/core/clock.ts';
import { ExportError } from '../../../../src/core/errors.ts';
import { createHttp } from '../../../../src/registry/client/http.ts';
import { readerOfObject } from '../../../../src/registry/storage/s3/object-reader.ts';
import { S3Bucket } from '../../../../src/registry/storage/s3/s3-bucket.ts';
import { parseS3Location } from '../../../../src/registry/storage/s3/s3-location.ts';
import { skipWithout } from '../../../judges.ts';
import { atEnd, type Scope } from '../../../support/scope.ts';
import { startHttpServer, type Handler } from '../../client/http-server.ts';
import { bucketForSuite } from './open-bucket.ts';

const credentials = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'a secret of ours' };

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of source) found.push(entry);
  return found;
}

describe('a bucket', { skip: skipWithout('versitygw') }, () => {
  const suite = bucketForSuite();

  it('takes names with every character that a signature escapes', async () => {
    const bucket = suite.bucket('names');
    const keys = ['a b', 'a+b', 'a=b&c', "it's(1)*!", 'ä/€', '100%'];
    for (const key of keys) await bucket.put(key, Buffer.from(key));
    for (const key of keys) {
      const found = await bucket.get(key);
      assert.equal((await found?.response.bytes(100))?.toString(), key);
      assert.equal(await bucket.copy(key, `copy of ${key}`), true);
    }
    assert.equal((await all(bucket.list('copy of '))).length, keys.length);
    assert.equal(await bucket.copy('is not there', 'copy'), false);
    assert.equal(await bucket.get('is not there'), undefined);
  });

  it('lists more than a page, in order, and the folders of one level', async () => {
    const bucket = suite.bucket('pages');
    const keys = Array.from({ length: 1_205 }, (_, i) => `folder/${String(i).padStart(5, '0')}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => bucket.put(key, Buffer.from('x'))));
    }
    await bucket.put('folder/below/one', Buffer.from('x'));
    assert.deepEqual(
      (await all(bucket.list('folder/0'))).map(({ key }) => key),
      keys,
    );
    assert.deepEqual(
      new Set(await all(bucket.names('folder'))),
      new Set([...keys.map((key) => key.slice(7)), 'below/']),
    );
  });

  it('shows an object in parts at its end alone, and forgets parts that are dropped', async () => {
    const bucket = suite.bucket('parts');
    const first = Buffer.alloc(5 << 20, 'first');
    await bucket.put('last', Buffer.from('last'));
    const uploadId = await bucket.beginParts('blobs/whole');
    const parts = [await bucket.putPart('blobs/whole', uploadId, 1, first)];
    parts.push(await bucket.copyPart('blobs/whole', uploadId, 2, 'last'));
    assert.equal(await bucket.head('blobs/whole'), undefined);
    const [open] = await all(bucket.openParts('blobs/'));
    assert.deepEqual([open?.key, open?.uploadId], ['blobs/whole', uploadId]);
    await bucket.endParts('blobs/whole', uploadId, parts);
    assert.equal((await bucket.head('blobs/whole'))?.size, first.byteLength + 4);
    const found = await bucket.get('blobs/whole', first.byteLength);
    assert.equal((await found?.response.bytes(100))?.toString(), 'last');
    const dropped = await bucket.beginParts('blobs/dropped');
    await bucket.putPart('blobs/dropped', dropped, 1, first);
    await bucket.dropParts('blobs/dropped', dropped);
    assert.deepEqual(await all(bucket.openParts('blobs/')), []);
  });

  it('stores once what is to be new, and nothing whose bytes are others than announced', async () => {
    const bucket = suite.bucket('writes');
    assert.equal(await bucket.put('new', Buffer.from('one'), { onlyNew: true }), true);
    assert.equal(await bucket.put('new', Buffer.from('two'), { onlyNew: true }), false);
    assert.equal((await bucket.head('new'))?.size, 3);
    await assert.rejects(bucket.put('wrong', Buffer.from('x'), { sha256: '0'.repeat(64) }), ExportError);
    assert.equal(await bucket.head('wrong'), undefined);
  });
});

async function bucketOf(t: Scope, handler: Handler): Promise<S3Bucket> {
  const { origin } = await startHttpServer(t, handler);
  const http = createHttp({ env: {}, retries: 2, retryDelayMs: 1 });
  atEnd(t, () => http.close());
  return new S3Bucket(
    parseS3Location('s3://bucket', { ...credentials, AWS_ENDPOINT_URL_S3: origin }),
    http,
    systemClock,
  );
}

describe('a bucket of a server that fails', () => {
  it('goes on reading where an answer broke off', async (t) => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    const bucket = await bucketOf(t, ({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
      const range = from > 0 ? { 'content-range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` } : {};
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.byteLength - from, ...range });
      const end = Math.min(from + 100_000, bytes.byteLength);
      response.write(bytes.subarray(from, end), () => (end === bytes.byteLength ? response.end() : response.destroy()));
    });
    const found = await bucket.get('object');
    assert.ok(found);
    const reader = readerOfObject(bucket, 'object', bytes.byteLength, found.response);
    const read = Buffer.alloc(bytes.byteLength);
    for (let at = 0; at < read.byteLength;) {
      const count = await reader.read(read.subarray(at), at);
      assert.ok(count > 0);
      at += count;
    }
    assert.deepEqual(read, bytes);
    assert.equal(await reader.read(Buffer.alloc(10), bytes.byteLength), 0);
    await reader.close();
  });

  for (const { status, code, expected } of [
    { status: 403, code: 'AccessDenied', expected: 'STORAGE_FAILED' },
    { status: 507, code: 'InsufficientStorage', expected: 'STORAGE_FULL' },
    { status: 500, code: 'InternalError', expected: 'STORAGE_FAILED' },
  ]) {
    it(`says ${expected} for an answer ${status} ${code}, and no secret`, async (t) => {
      const bucket = await bucketOf(t, (_, response) => {
        response.writeHead(status).end(`<Error><Code>${code}</Code><Message>a secret of ours</Message></Error>`);
      });
      await assert.rejects(bucket.put('key', Buffer.from('x')), (error) => {
        assert.ok(error instanceof ExportError);
        assert.equal(error.code, expected);
        assert.match(error.message, new RegExp(`${status} ${code}$`));
        assert.doesNotMatch(`${error.message}${error.hint ?? ''}`, /a secret of ours/);
        return true;
      });
    });
  }

  it('takes a success that carries an error for an error', async (t) => {
    const bucket = await bucketOf(t, (_, response) => {
      response.writeHead(200).end('<?xml version="1.0"?><Error><Code>InternalError</Code></Error>');
    });
    await assert.rejects(bucket.endParts('key', 'upload', []), ExportError);
    await assert.rejects(bucket.copy('key', 'copy'), ExportError);
  });
});

describe('the place of a bucket', () => {
  it('is read from the address and the variables', () => {
    const location = parseS3Location('s3://exports/a/b/', { ...credentials, AWS_REGION: 'eu-central-1' });
    assert.equal(location.endpoint.href, 'https://s3.eu-central-1.amazonaws.com/');
    assert.deepEqual([location.bucket, location.prefix], ['exports', 'a/b']);
  });

  for (const text of ['s3://', 's3://UPPER', 's3://bucket/../x', 's3://bucket/a?b', 'https://bucket', 's3:bucket']) {
    it(`is not ${text}`, () => {
      assert.throws(
        () => parseS3Location(text, credentials),
        (error) => error instanceof ExportError && error.code === 'USAGE',
      );
    });
  }
});
