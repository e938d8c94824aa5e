/** The page's own Trusted Types policy: script URLs of this origin and nothing else. Named in the server's Content-Security-Policy. */
type ScriptUrlPolicy = { createScriptURL(url: string): string };
type TrustedTypesFactory = { createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy };

const rules: ScriptUrlPolicy = {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin) throw new TypeError('Scripts come from this origin only.');
    return url;
  },
};

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypesFactory };
const policy = trustedTypes ? trustedTypes.createPolicy('parley', rules) : rules;

/** The URL as browsers with Trusted Types want it; elsewhere the checked text. @throws TypeError for another origin. */
export function scriptUrl(url: string): string {
  return policy.createScriptURL(url);
}
