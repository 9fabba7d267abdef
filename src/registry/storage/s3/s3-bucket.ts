// The part of the S3 API that a storage needs, on one bucket in path style: objects, listings in pages, copies, uploads
// in parts. Keys are those below the location's prefix. Every request is signed; what is sent is checked by the service
// against its SHA-256.

import { hash } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { Http, HttpRequest } from '../../client/http.ts';
import type { HttpResponse } from '../../client/http-response.ts';
import { emptySha256, escapeS3, presignGet, queryOf, signRequest } from './aws-signature.ts';
import { elements, escapeXml, readXml, refusal, s3Refusal, textOf } from './s3-answer.ts';
import type { S3Location } from './s3-location.ts';

export type S3Object = {
  readonly size: number;
  readonly modifiedAtMs: number;
  readonly etag: string;
  /** Time since it was written, by the service's own clock. */
  readonly ageMs: number;
};

export type ListedObject = { readonly key: string; readonly size: number; readonly modifiedAtMs: number };
export type ListedUpload = { readonly key: string; readonly uploadId: string; readonly startedAtMs: number };

/** One part of an upload in parts. */
export type PartTag = { readonly number: number; readonly etag: string };

type Request = {
  readonly method: HttpRequest['method'];
  readonly key?: string;
  readonly query?: { readonly [name: string]: string };
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Buffer;
  /** SHA-256 of the body in hex, when it is known already. */
  readonly sha256?: string | undefined;
  readonly once?: boolean;
};

/** The service may put the parts together before it answers. */
const assembleTimeoutMs = 300_000;

export class S3Bucket {
  readonly #location: S3Location;
  readonly #http: Http;
  readonly #clock: Clock;

  constructor(location: S3Location, http: Http, clock: Clock) {
    this.#location = location;
    this.#http = http;
    this.#clock = clock;
  }

  async head(key: string): Promise<S3Object | undefined> {
    const response = await this.#send({ method: 'HEAD', key });
    await response.discard();
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw refusal('looking at an object', response.status, '');
    return objectOf(response);
  }

  /** The object's bytes from `from` on, undefined when it is not there. The caller reads or discards the body. */
  async get(key: string, from = 0): Promise<{ object: S3Object; response: HttpResponse } | undefined> {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await this.#send({ method: 'GET', key, headers });
    if (response.status === 404) {
      await response.discard();
      return undefined;
    }
    const expected = from > 0 ? 206 : 200;
    if (response.status !== expected) throw await s3Refusal('reading an object', response);
    return { object: objectOf(response), response };
  }

  /** False, and nothing stored, when `onlyNew` is set and the object is there already. */
  async put(key: string, body: Buffer, options: { sha256?: string; onlyNew?: boolean } = {}): Promise<boolean> {
    const headers: { [name: string]: string } = options.onlyNew === true ? { 'if-none-match': '*' } : {};
    const response = await this.#send({ method: 'PUT', key, body, headers, sha256: options.sha256 });
    if (options.onlyNew === true && (response.status === 412 || response.status === 409)) {
      await response.discard();
      return false;
    }
    await expectSuccess('storing an object', response);
    return true;
  }

  /** Harmless when it is not there. With `once` the request is never repeated by itself. */
  async delete(key: string, options: { readonly once?: boolean } = {}): Promise<void> {
    const response = await this.#send({ method: 'DELETE', key, ...options });
    if (response.status !== 404) await expectSuccess('removing an object', response);
    else await response.discard();
  }

  /** A copy inside the bucket, made by the service. False when `from` is not there. */
  async copy(from: string, to: string): Promise<boolean> {
    const response = await this.#send({ method: 'PUT', key: to, headers: this.#sourceOf(from) });
    if (response.status === 404) {
      await response.discard();
      return false;
    }
    await readSuccess('copying an object', response);
    return true;
  }

  /** Objects whose key begins with `prefix`, sorted by key. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for await (const page of this.#pages(prefix, {})) {
      for (const xml of elements(page, 'Contents')) {
        const modifiedAtMs = Date.parse(textOf(xml, 'LastModified') ?? '');
        yield { key: this.#own(textOf(xml, 'Key')), size: Number(textOf(xml, 'Size')), modifiedAtMs };
      }
    }
  }

  /** What comes right below `folder/`: names of objects, and names of folders with a slash at the end. */
  async *names(folder: string): AsyncGenerator<string> {
    const prefix = `${folder}/`;
    for await (const page of this.#pages(prefix, { delimiter: '/' })) {
      for (const xml of [...elements(page, 'Contents'), ...elements(page, 'CommonPrefixes')]) {
        const key = this.#own(textOf(xml, 'Key') ?? textOf(xml, 'Prefix'));
        if (key.length > prefix.length) yield key.slice(prefix.length);
      }
    }
  }

  /** Whether any object's key begins with `prefix`. */
  async any(prefix: string): Promise<boolean> {
    for await (const page of this.#pages(prefix, { 'max-keys': '1' })) return elements(page, 'Contents').length > 0;
    return false;
  }

  async beginParts(key: string): Promise<string> {
    const response = await this.#send({ method: 'POST', key, query: { uploads: '' } });
    const uploadId = textOf(await readSuccess('beginning an upload in parts', response), 'UploadId');
    if (uploadId === undefined) throw refusal('beginning an upload in parts', response.status, 'NoUploadId');
    return uploadId;
  }

  async putPart(key: string, uploadId: string, number: number, body: Buffer): Promise<PartTag> {
    const query = { partNumber: String(number), uploadId };
    const response = await this.#send({ method: 'PUT', key, query, body });
    await expectSuccess('storing a part', response);
    return { number, etag: response.headers['etag'] ?? '' };
  }

  async copyPart(key: string, uploadId: string, number: number, from: string): Promise<PartTag> {
    const query = { partNumber: String(number), uploadId };
    const response = await this.#send({ method: 'PUT', key, query, headers: this.#sourceOf(from) });
    const xml = await readSuccess('copying a part', response);
    return { number, etag: textOf(xml, 'ETag') ?? '' };
  }

  async endParts(key: string, uploadId: string, parts: readonly PartTag[]): Promise<void> {
    const listed = parts.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`;
    const request = { method: 'POST' as const, key, query: { uploadId }, body: Buffer.from(xml), once: true };
    await readSuccess('ending an upload in parts', await this.#send(request));
  }

  async dropParts(key: string, uploadId: string): Promise<void> {
    await (await this.#send({ method: 'DELETE', key, query: { uploadId } })).discard();
  }

  /** Uploads in parts that were begun and neither ended nor dropped. */
  async *openParts(prefix: string): AsyncGenerator<ListedUpload> {
    let marker: { readonly [name: string]: string } = {};
    for (;;) {
      const response = await this.#send({
        method: 'GET',
        query: { uploads: '', prefix: this.#full(prefix), ...marker },
      });
      const xml = await readSuccess('listing uploads', response);
      for (const upload of elements(xml, 'Upload')) {
        const startedAtMs = Date.parse(textOf(upload, 'Initiated') ?? '');
        yield { key: this.#own(textOf(upload, 'Key')), uploadId: textOf(upload, 'UploadId') ?? '', startedAtMs };
      }
      const [key, uploadId] = [textOf(xml, 'NextKeyMarker'), textOf(xml, 'NextUploadIdMarker')];
      if (textOf(xml, 'IsTruncated') !== 'true' || key === undefined) return;
      marker = { 'key-marker': key, ...(uploadId === undefined ? {} : { 'upload-id-marker': uploadId }) };
    }
  }

  /** A URL under which anybody may read the object for `seconds`. */
  urlOf(key: string, seconds: number): URL {
    return presignGet(this.#url(key), seconds, { ...this.#location, now: this.#clock.now() });
  }

  async *#pages(prefix: string, query: { readonly [name: string]: string }): AsyncGenerator<string> {
    let token: string | undefined;
    do {
      const next: { readonly [name: string]: string } = token === undefined ? {} : { 'continuation-token': token };
      const response = await this.#send({
        method: 'GET',
        query: { 'list-type': '2', prefix: this.#full(prefix), ...query, ...next },
      });
      const page = await readSuccess('listing objects', response);
      token = textOf(page, 'IsTruncated') === 'true' ? textOf(page, 'NextContinuationToken') : undefined;
      yield page;
    } while (token !== undefined);
  }

  async #send({ method, key, query = {}, headers = {}, body, sha256, once = false }: Request): Promise<HttpResponse> {
    const url = this.#url(key);
    url.search = queryOf(Object.entries(query));
    const payloadSha256 = sha256 ?? (body === undefined ? emptySha256 : hash('sha256', body, 'hex'));
    const scope = { ...this.#location, now: this.#clock.now() };
    const signed = signRequest({ method, url, headers, payloadSha256 }, scope);
    const writes = method === 'PUT' || method === 'POST';
    return this.#http.request({
      method,
      url,
      headers: writes ? { ...signed, 'content-length': String(body?.byteLength ?? 0) } : signed,
      ...(body === undefined ? {} : { body }),
      // All of them may be repeated: they name what they write, and the same bytes are the same object.
      retry: !once,
      ...(writes ? { headersTimeoutMs: assembleTimeoutMs } : {}),
    });
  }

  #url(key?: string): URL {
    const { endpoint, bucket } = this.#location;
    return new URL(`/${bucket}${key === undefined ? '' : `/${escapeS3(this.#full(key), '/')}`}`, endpoint);
  }

  #full(key: string): string {
    const { prefix } = this.#location;
    return prefix === '' ? key : `${prefix}/${key}`;
  }

  /** A key that the service gave, without the prefix. */
  #own(key = ''): string {
    const { prefix } = this.#location;
    return prefix === '' ? key : key.slice(prefix.length + 1);
  }

  #sourceOf(key: string): { readonly [name: string]: string } {
    return { 'x-amz-copy-source': `/${this.#location.bucket}/${escapeS3(this.#full(key), '/')}` };
  }
}

function objectOf({ headers }: HttpResponse): S3Object {
  const modifiedAtMs = Date.parse(headers['last-modified'] ?? '');
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? headers['content-length'];
  const ageMs = Date.parse(headers['date'] ?? '') - modifiedAtMs;
  return { size: Number(total), modifiedAtMs, etag: headers['etag'] ?? '', ageMs };
}

async function expectSuccess(what: string, response: HttpResponse): Promise<void> {
  if (response.status < 200 || response.status > 299) throw await s3Refusal(what, response);
  await response.discard();
}

/** The document of a success. Some operations answer 200 and then fail, with an error for a document. */
async function readSuccess(what: string, response: HttpResponse): Promise<string> {
  if (response.status < 200 || response.status > 299) throw await s3Refusal(what, response);
  const xml = await readXml(response);
  const [error] = elements(xml, 'Error');
  if (error === undefined) return xml;
  throw refusal(what, 500, textOf(error, 'Code') ?? '');
}
