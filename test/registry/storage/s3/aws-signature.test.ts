// The worked examples of "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import {
  emptySha256,
  presignGet,
  signRequest,
  type SigningScope,
} from '../../../../src/registry/storage/s3/aws-signature.ts';

const scope: SigningScope = {
  credentials: {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
  region: 'us-east-1',
  now: new Date('2013-05-24T00:00:00Z'),
};

const origin = 'https://examplebucket.s3.amazonaws.com';

function signatureOf(method: string, path: string, headers: Record<string, string>, body = ''): string | undefined {
  const payloadSha256 = createHash('sha256').update(body).digest('hex');
  const signed = signRequest({ method, url: new URL(path, origin), headers, payloadSha256 }, scope);
  return /Signature=([0-9a-f]{64})$/.exec(signed['authorization'] ?? '')?.[1];
}

it('signs a read of a range as the reference does', () => {
  assert.equal(
    signatureOf('GET', '/test.txt', { range: 'bytes=0-9' }),
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
});

it('signs a write with further headers and an escaped name as the reference does', () => {
  const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
  assert.equal(
    signatureOf('PUT', '/test%24file.text', headers, 'Welcome to Amazon S3.'),
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  );
});

it('signs a query, one without a value too, as the reference does', () => {
  assert.equal(
    signatureOf('GET', '/?lifecycle', {}),
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
  assert.equal(
    signatureOf('GET', '/?max-keys=2&prefix=J', {}),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

it('makes the URL of the reference for a read without credentials', () => {
  const url = presignGet(new URL('/test.txt', origin), 86_400, scope);
  assert.equal(
    url.searchParams.get('X-Amz-Signature'),
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
  assert.equal(url.searchParams.get('X-Amz-Credential'), 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request');
});

it('sends the token of a session along, signed', () => {
  const session = { ...scope, credentials: { ...scope.credentials, sessionToken: 'session' } };
  const request = { method: 'GET', url: new URL('/test.txt', origin), headers: {}, payloadSha256: emptySha256 };
  const headers = signRequest(request, session);
  assert.equal(headers['x-amz-security-token'], 'session');
  assert.match(
    headers['authorization'] ?? '',
    /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token/,
  );
});
