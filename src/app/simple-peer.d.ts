/** The bundle for browsers; the package's main entry needs Node's streams. */
declare module 'simple-peer/simplepeer.min.js' {
  import type SimplePeer from 'simple-peer';
  const Peer: typeof SimplePeer;
  export default Peer;
}
