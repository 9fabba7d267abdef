// Members of documents from outside: what they must be, or the refusal that names their place.

import type { Json } from '../core/canonical-json.ts';
import { Refused } from './refused.ts';

export type JsonObject = { readonly [name: string]: Json | undefined };

/** Throws Refused `wrong-type` unless `value`, which stands at `place`, is an object. */
export function objectAt(value: Json, place: string): JsonObject {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  throw new Refused('wrong-type', `${place} is not an object`);
}

/** A list that may be absent. Throws Refused `wrong-type` for anything else. */
export function listAt(value: Json | undefined, place: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Refused('wrong-type', `${place} is not a list`);
}
