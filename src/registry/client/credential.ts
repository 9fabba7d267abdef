// What a registry may want to see: a name with a password, a token, or an identity to exchange for one.

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** Sent as it is, as Bearer. */
  | { readonly kind: 'bearer'; readonly token: string }
  /** Exchanged at the registry's token address (OAuth2 refresh token). */
  | { readonly kind: 'identity'; readonly token: string };

/** What is known about one origin; `problem` says why nothing could be read, for the hint of a later refusal. */
export type CredentialLookup = { readonly credential?: Credential; readonly problem?: string };

/** What must not appear in a message. */
export function secretsOf(credential: Credential | undefined): string[] {
  if (!credential) return [];
  return [credential.kind === 'basic' ? credential.password : credential.token];
}
