import { createHmac, randomBytes } from 'node:crypto';

export type TurnOptions = { readonly urls: readonly string[]; readonly secret: string };
export type TurnCredentials = { readonly urls: readonly string[]; readonly username: string; readonly credential: string };

/**
 * Credentials that a TURN server with the same shared secret takes until they expire ("A REST API For Access To TURN Services",
 * draft-uberti-behave-turn-rest-00; coturn's `use-auth-secret`): the user name is the Unix time of expiry and a random name, the credential its HMAC-SHA-1.
 */
export function turnCredentials(options: TurnOptions, nowSeconds: number, lifetimeSeconds: number): TurnCredentials {
  const username = `${Math.floor(nowSeconds) + lifetimeSeconds}:${randomBytes(6).toString('hex')}`;
  return { urls: options.urls, username, credential: createHmac('sha1', options.secret).update(username).digest('base64') };
}
