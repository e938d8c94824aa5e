import * as z from 'zod/v4';

// Zod probes for `eval` when its first schema is made, which the content security policy reports. Must be imported before the SDK.
z.config({ jitless: true });
