import { asParleyError, type ErrorCode } from '../base/errors.ts';
import { nodeIdOf, publicKeyOf, type NodeId } from '../base/ids.ts';
import { WAKE, type Wake } from '../base/machine.ts';
import type { LocalIdentity } from '../crypto/identity.ts';
import { introductionToSign, sealIntroduction } from '../crypto/introductions.ts';
import { makeCard } from '../crypto/peer-card.ts';
import { joinCodeText, joinCodeToSign } from '../p2p/dialling/join-code.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { BulkCipher, SignatureCheck, Verifier } from '../ports/keys.ts';
import type { Link } from '../ports/link.ts';
import type { IceServer, RtcDial, RtcDialer } from '../ports/rtc.ts';
import type { SignalingClient } from '../ports/signaling.ts';
import type { ServerInfo } from './api.ts';
import type { ConnectionOutput } from './connection.ts';
import type { NodeInput, NodeOutput } from './node-io.ts';
import type { NodeMachine } from './node-machine.ts';
import type { LinkFacts } from './session-links.ts';
import { QuietTurns, type QuietTurnsOptions } from './quiet-turns.ts';
import { SignalingDesk } from './signaling-desk.ts';

/** What the pump leaves to the node: everything that programs see. */
export type PumpEvents = Extract<
  NodeOutput,
  {
    readonly type:
      | 'opened'
      | 'open-failed'
      | 'peer-up'
      | 'peer-down'
      | 'peer'
      | 'state'
      | 'fault'
      | 'published'
      | 'registry'
      | 'node-up'
      | 'node-down'
      | 'join'
      | 'host';
  }
>;

export type PumpOptions = {
  readonly machine: NodeMachine;
  readonly identity: LocalIdentity;
  readonly networkId: Uint8Array;
  readonly localHello: Uint8Array;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly verifier: Verifier;
  readonly bulkCipher: BulkCipher;
  readonly signaling?: SignalingClient;
  signalingFor?(url: string): SignalingClient | undefined;
  readonly rtc?: RtcDialer;
  readonly endOfTurn?: QuietTurnsOptions['endOfTurn'];
  onEvent(event: PumpEvents): void;
  onStream(connection: number, output: Extract<ConnectionOutput, { readonly type: 'stream' }>['output']): void;
  onConnectionClosed(connection: number, code: ErrorCode): void;
};

type Dialling = { readonly dial: RtcDial; link: Link | undefined };

/**
 * Does what the node's machine asks for (sockets, links, signatures, ciphers, timers) and tells it what happened. Inputs are handled at once;
 * outputs are carried out in the microtask after, so that everything of one moment goes out together.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #links = new Map<number, Link>();
  readonly #dials = new Map<number, Dialling>();
  /** Introductions to one node leave in order although signing is asynchronous. */
  readonly #introductions = new Map<NodeId, Promise<void>>();
  readonly #dirty = new Set<number>();
  readonly #touched = new Set<number>();
  readonly #desk: SignalingDesk;
  readonly #quietTurns: QuietTurns;
  #card: Promise<Uint8Array> | undefined;
  #cardFacts: NodeMachine['cardFacts'] | undefined;
  #isDrainScheduled = false;
  #armedAt: number | undefined;
  #disarm: () => void = () => undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
    const isDue = () => this.#dirty.size > 0;
    this.#quietTurns = new QuietTurns({ isDue, run: () => this.drain(), endOfTurn: options.endOfTurn });
    this.#desk = this.#openDesk(options.signaling ? [options.signaling] : []);
  }

  dispatch(input: NodeInput | Wake): void {
    this.#options.machine.handle(input, this.#now());
    if (input.type !== 'connection' || input.input.type !== 'stream') return this.#schedule();
    this.#dirty.add(input.connection);
    this.#quietTurns.spoke();
  }

  /** Gives a link to the connection that the machine knows by this number. */
  bind(connection: number, link: Link): void {
    this.#links.set(connection, link);
    link.bind({
      frame: (bytes) => this.dispatch({ type: 'connection', connection, input: { type: 'frame', bytes } }),
      drained: () => this.#reportBuffer(connection, link),
      closed: (end) => {
        this.#links.delete(connection);
        this.dispatch({ type: 'connection', connection, input: { type: 'link-closed', code: end.code, detail: end.detail ?? '' } });
      },
    });
  }

  /** Everything that the machine wants at this moment is done when it returns. */
  drain(): void {
    this.#isDrainScheduled = false;
    const { machine } = this.#options;
    do {
      for (const connection of this.#dirty) machine.flush(connection, this.#now());
      this.#dirty.clear();
      for (let output = machine.poll(); output; output = machine.poll()) this.#execute(output);
      this.#reportTouched();
    } while (this.#dirty.size > 0);
    for (let output = machine.poll(); output; output = machine.poll()) this.#execute(output);
    this.#arm();
  }

  #schedule(): void {
    if (this.#isDrainScheduled) return;
    this.#isDrainScheduled = true;
    queueMicrotask(() => this.drain());
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #arm(): void {
    const next = this.#options.machine.nextWakeAt();
    if (next === undefined || (this.#armedAt !== undefined && this.#armedAt <= next)) return;
    this.#disarm();
    this.#armedAt = next;
    this.#disarm = this.#options.clock.wakeAt(next, () => {
      this.#armedAt = undefined;
      this.dispatch(WAKE);
    });
  }

  /** STUN and TURN that dials use. */
  iceServers(): readonly IceServer[] {
    return this.#desk.iceServers();
  }

  servers(): readonly ServerInfo[] {
    return this.#desk.servers().map((server, index) => ({ ...server, state: this.#options.machine.signalingStateOf(index) }));
  }

  stop(): void {
    this.#disarm();
    this.#armedAt = Number.NEGATIVE_INFINITY;
  }

  #execute(output: NodeOutput): void {
    switch (output.type) {
      case 'connection':
        return this.#connectionOutput(output.connection, output.output);
      case 'verify':
        return this.#verify(output.checks, (valid) => this.dispatch({ type: 'verified', job: output.job, valid }));
      case 'mesh-verify':
        return this.#verify(output.checks, (valid) => this.dispatch({ type: 'mesh', input: { type: 'verified', job: output.job, valid } }));
      case 'sign':
        return this.#sign(output.key, output.message, (signature) =>
          this.dispatch({ type: 'mesh', input: { type: 'signed', job: output.job, signature } }),
        );
      case 'signaling':
        return this.#signalingOutput(output.server, output.output);
      case 'signaling-list':
        return this.#desk.list();
      case 'signaling-look-up':
        return this.#desk.lookUp(publicKeyOf(output.node));
      case 'signaling-announce':
        return this.#desk.announce(output.on);
      case 'introduce':
        return this.#introduce(output);
      case 'compose':
        void this.#compose(output.dial, output.content);
        return;
      case 'code-verify':
        return this.#verify(output.checks, (valid) => this.dispatch({ type: 'join', input: { type: 'code-verified', job: output.job, valid } }));
      case 'relay':
        return this.#desk.relay(output.server, publicKeyOf(output.to), output.sealed);
      case 'drop-link':
        this.#links.get(output.link)?.close();
        this.#links.delete(output.link);
        return;
      case 'rtc-dial':
        return this.#dial(output.dial, output.initiator, output.isPatient ?? false);
      case 'rtc-signal':
        return this.#dials.get(output.dial)?.dial.signal(output.signal);
      case 'rtc-abandon':
        this.#dials.get(output.dial)?.dial.abandon();
        this.#dials.delete(output.dial);
        return;
      case 'adopt': {
        const link = this.#dials.get(output.dial)?.link;
        this.#dials.delete(output.dial);
        if (link) this.bind(output.connection, link);
        return;
      }
      default:
        return this.#options.onEvent(output);
    }
  }

  #connectionOutput(connection: number, output: Extract<NodeOutput, { readonly type: 'connection' }>['output']): void {
    switch (output.type) {
      case 'transmit':
        this.#links.get(connection)?.send(output.frame);
        this.#touched.add(connection);
        return;
      case 'low-water': {
        const link = this.#links.get(connection);
        if (link) link.lowWaterBytes = output.bytes;
        return;
      }
      case 'stream':
        return this.#options.onStream(connection, output.output);
      case 'verify':
        return this.#verify(output.checks, (valid) =>
          this.dispatch({ type: 'connection', connection, input: { type: 'verified', job: output.job, valid } }),
        );
      case 'bulk':
        void this.#options.bulkCipher[output.operation](output.work).then((bytes) =>
          this.dispatch({ type: 'connection', connection, input: { type: 'bulk-done', job: output.job, ...(bytes ? { bytes } : {}) } }),
        );
        return;
      case 'closed':
        this.#links.get(connection)?.close();
        this.#links.delete(connection);
        return this.#options.onConnectionClosed(connection, output.code);
    }
  }

  /** After each burst the connections learn how much of it waits in their links. */
  #reportTouched(): void {
    for (const connection of this.#touched) {
      const link = this.#links.get(connection);
      if (link)
        this.#options.machine.handle({ type: 'connection', connection, input: { type: 'link-buffer', bytes: link.bufferedBytes } }, this.#now());
    }
    this.#touched.clear();
  }

  #reportBuffer(connection: number, link: Link): void {
    this.dispatch({ type: 'connection', connection, input: { type: 'link-buffer', bytes: link.bufferedBytes } });
  }

  #verify(checks: readonly SignatureCheck[], done: (valid: boolean) => void): void {
    void Promise.all(checks.map((check) => this.#options.verifier.verify(check))).then((results) => done(results.every(Boolean)));
  }

  #sign(key: 'node' | 'device', message: Uint8Array, done: (signature: Uint8Array) => void): void {
    const { nodeSigner, deviceSigner } = this.#options.identity;
    const signer = key === 'node' ? nodeSigner : deviceSigner;
    signer.sign(message).then(done, (thrown: unknown) => {
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      this.#options.onEvent({ type: 'fault', code: 'internal', detail: `Something could not be signed. ${detail}` });
    });
  }

  // ── dialling ───────────────────────────────────────────────────────────────────────────────────────────────────

  #dial(dial: number, initiator: boolean, isPatient: boolean): void {
    const { machine } = this.#options;
    const rtc = machine.mode === 'centralised' ? undefined : this.#options.rtc;
    if (!rtc)
      return this.dispatch({
        type: 'dials',
        input: { type: 'rtc-failed', dial, code: 'platform-missing', detail: 'This node cannot open direct links.' },
      });
    const dialling: Dialling = {
      link: undefined,
      dial: rtc.dial({
        initiator,
        iceServers: this.#desk.iceServers(),
        isPatient,
        onGathered: () => this.dispatch({ type: 'join', input: { type: 'rtc-gathered', dial } }),
        onSignal: (signal) => this.dispatch({ type: 'dials', input: { type: 'rtc-signal', dial, signal } }),
        onLink: (link) => {
          dialling.link = link;
          this.dispatch({ type: 'rtc-linked', dial, link: factsOf(link) });
        },
        onFailed: (end) => this.dispatch({ type: 'dials', input: { type: 'rtc-failed', dial, code: end.code, detail: end.detail ?? '' } }),
      }),
    };
    this.#dials.set(dial, dialling);
  }

  #introduce(output: Extract<NodeOutput, { readonly type: 'introduce' }>): void {
    const before = this.#introductions.get(output.to) ?? Promise.resolve();
    const next = before.then(() => this.#sendIntroduction(output)).catch((thrown: unknown) => this.#introductionFailed(output.to, thrown));
    this.#introductions.set(output.to, next);
    void next.then(() => {
      if (this.#introductions.get(output.to) === next) this.#introductions.delete(output.to);
    });
  }

  async #sendIntroduction(output: Extract<NodeOutput, { readonly type: 'introduce' }>): Promise<void> {
    const { identity, networkId, localHello, entropy } = this.#options;
    const introduction = {
      ...output.introduction,
      ...(output.withHello ? { hello: localHello } : {}),
      ...(output.withCard ? { card: await this.#ownCard() } : {}),
    };
    const { body, message } = introductionToSign(introduction, { from: identity.node, to: output.to, networkId });
    const sealed = sealIntroduction(body, await identity.nodeSigner.sign(message), output.sealingKey, entropy);
    this.dispatch({ type: 'sealed', to: output.to, sealed });
  }

  #introductionFailed(node: NodeId, thrown: unknown): void {
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.onEvent({ type: 'fault', code: 'internal', node, detail: `An introduction could not be sent. ${detail}` });
  }

  async #compose(dial: number, content: Extract<NodeOutput, { readonly type: 'compose' }>['content']): Promise<void> {
    const { identity, networkId, localHello } = this.#options;
    try {
      const card = await makeCard(identity, networkId, this.#now());
      const { body, message } = joinCodeToSign({ ...content, hello: localHello, card }, networkId);
      const text = joinCodeText(body, await identity.nodeSigner.sign(message));
      this.dispatch({ type: 'join', input: { type: 'composed', dial, text } });
    } catch (thrown) {
      this.dispatch({ type: 'join', input: { type: 'rtc-failed', dial, code: asParleyError(thrown).code } });
    }
  }

  #ownCard(): Promise<Uint8Array> {
    const { identity, networkId, machine } = this.#options;
    const facts = machine.cardFacts;
    const before = this.#cardFacts;
    if (facts.flags !== before?.flags || facts.hostUrls !== before.hostUrls) this.#card = undefined;
    this.#cardFacts = facts;
    return (this.#card ??= makeCard(identity, networkId, this.#now(), facts));
  }

  // ── signaling ──────────────────────────────────────────────────────────────────────────────────────────────────

  #openDesk(clients: readonly SignalingClient[]): SignalingDesk {
    const { identity, networkId, signalingFor } = this.#options;
    return new SignalingDesk({
      identity,
      networkId,
      clients,
      clientFor: (url) => signalingFor?.(url),
      card: () => this.#ownCard(),
      onConnecting: () => {
        // The card expires; each connection introduces us with a fresh one.
        this.#card = undefined;
      },
      onChallenged: (server, challenge) => this.#toServer(server, { type: 'challenged', challenge }),
      onWelcomed: (server, peerCards) => this.dispatch({ type: 'welcomed', server, peerCards }),
      onRelayed: (server, sealed) => this.dispatch({ type: 'relayed', server, sealed }),
      onHosts: (urls) => this.#options.onEvent({ type: 'host', urls }),
      onAbsent: (_server, nodeKey) => this.dispatch({ type: 'dials', input: { type: 'absent', node: nodeIdOf(nodeKey) } }),
      onClosed: (server, code, detail) => this.#toServer(server, { type: 'closed', code, detail }),
      onServer: (server) => this.#toServer(server, { type: 'start' }),
    });
  }

  #toServer(server: number, input: Extract<NodeInput, { readonly type: 'signaling' }>['input']): void {
    this.dispatch({ type: 'signaling', server, input });
  }

  #signalingOutput(server: number, output: Extract<NodeOutput, { readonly type: 'signaling' }>['output']): void {
    switch (output.type) {
      case 'connect':
        return this.#desk.connect(server);
      case 'disconnect':
        return this.#desk.disconnect(server);
      case 'join':
        void this.#desk.join(server, output.challenge);
        return;
    }
  }
}

export function factsOf({ kind, maxFrameBytes, localFingerprint, remoteFingerprint }: Link): LinkFacts {
  return { kind, maxFrameBytes, localFingerprint, remoteFingerprint };
}
