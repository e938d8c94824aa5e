/** JSON-RPC error code for a call that the owner or their policy declined (implementation-defined range, JSON-RPC 2.0 §5.1); `data.reason` says why. */
export const REFUSED_CODE = -32_001;
