// Where a bucket is and who we are there: `s3://BUCKET[/PREFIX]` and the AWS_… variables that other S3 programs read.

import { ExportError } from '../../../core/errors.ts';
import type { AwsCredentials } from './aws-signature.ts';

export type S3Location = {
  /** Scheme, host and port of the service; the bucket is the first part of the path. */
  readonly endpoint: URL;
  readonly bucket: string;
  /** Without slashes around it; empty for the whole bucket. */
  readonly prefix: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
};

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixForm = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** Throws USAGE for what is no such place, or when the variables do not say who we are. */
export function parseS3Location(text: string, env: { readonly [name: string]: string | undefined }): S3Location {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/?#]+)(?:\/([^?#]*))?$/.exec(text) ?? [];
  const prefix = rest.replace(/^\/+|\/+$/g, '');
  const dotted = prefix.split('/').some((part) => part === '.' || part === '..');
  if (!bucketName.test(bucket) || (prefix !== '' && !prefixForm.test(prefix)) || dotted) {
    throw new ExportError('USAGE', `not a bucket: ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'write s3://BUCKET or s3://BUCKET/PREFIX',
    });
  }
  const region = set(env['AWS_REGION']) ?? set(env['AWS_DEFAULT_REGION']) ?? 'us-east-1';
  return { endpoint: endpointOf(env, region), bucket, prefix, region, credentials: credentialsOf(env) };
}

function endpointOf(env: { readonly [name: string]: string | undefined }, region: string): URL {
  const given = set(env['AWS_ENDPOINT_URL_S3']) ?? set(env['AWS_ENDPOINT_URL']);
  const url = URL.parse(given ?? `https://s3.${region}.amazonaws.com`);
  const plain = url !== null && url.pathname === '/' && url.search === '' && url.username === '';
  if (plain && /^https?:$/.test(url.protocol)) return url;
  throw new ExportError('USAGE', 'AWS_ENDPOINT_URL_S3 is not the address of a service', {
    hint: 'write http(s)://HOST[:PORT]',
  });
}

function credentialsOf(env: { readonly [name: string]: string | undefined }): AwsCredentials {
  const accessKeyId = set(env['AWS_ACCESS_KEY_ID']);
  const secretAccessKey = set(env['AWS_SECRET_ACCESS_KEY']);
  const sessionToken = set(env['AWS_SESSION_TOKEN']);
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  throw new ExportError('USAGE', 'there are no credentials for the bucket', {
    hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL_S3, AWS_REGION where needed)',
  });
}

/** An empty variable counts as none. */
function set(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
