import type { CreateMessageRequest, ElicitRequest, ElicitResult } from '@modelcontextprotocol/client';
import { Emitter } from '../base/emitter.ts';
import type { AgentAddress } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../ports/clock.ts';

/** What an agent wants of the person who called it. All text and schemas are the agent's: untrusted. */
export type QuestionContent =
  /** `schema` is the flat JSON Schema of elicitation forms. */
  | { readonly kind: 'form'; readonly message: string; readonly schema: Readonly<Record<string, unknown>> }
  /** `waits`: the call goes on only after the person is done there. */
  | { readonly kind: 'url'; readonly message: string; readonly url: string; readonly waits: boolean }
  /** The agent wants a text that a language model would write. */
  | { readonly kind: 'sampling'; readonly system: string; readonly messages: readonly { readonly role: string; readonly text: string }[] }
  /** The agent wants to know which folders it may work on. */
  | { readonly kind: 'roots' };

export type AgentQuestion = QuestionContent & { readonly id: string; readonly address: AgentAddress; readonly expiresAt: number };

/** `decline` is a person's no; `cancel` is no answer. */
export type QuestionAnswer =
  | { readonly action: 'accept'; readonly content?: Readonly<Record<string, string | number | boolean | readonly string[]>> }
  | { readonly action: 'accept'; readonly text: string }
  | { readonly action: 'accept'; readonly uris: readonly string[] }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' };

type Waiting = AgentQuestion & { settle(answer: QuestionAnswer): void };

/** What agents ask back while I call them. Each question waits for the person, for so long, and only while a call of mine to that agent runs. */
export class AgentQuestions {
  readonly #clock: Clock;
  readonly #events = new Emitter<{ changed: readonly AgentQuestion[] }>();
  readonly #waiting = new Map<string, Waiting>();
  /** Calls of mine under way, by agent. */
  readonly #calls = new Map<AgentAddress, number>();
  #nextId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  onChanged(listener: (waiting: readonly AgentQuestion[]) => void): () => void {
    return this.#events.on('changed', listener);
  }

  waiting(): readonly AgentQuestion[] {
    return [...this.#waiting.values()];
  }

  /** A call to the agent begins; answers how to say that it ended, which withdraws the agent's questions with its last one. */
  callBegan(address: AgentAddress): () => void {
    this.#calls.set(address, (this.#calls.get(address) ?? 0) + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#calls.get(address) ?? 1) - 1;
      if (left > 0) return void this.#calls.set(address, left);
      this.#calls.delete(address);
      for (const question of [...this.#waiting.values()]) if (question.address === address) question.settle({ action: 'cancel' });
    };
  }

  ask(address: AgentAddress, content: QuestionContent, signal?: AbortSignal): Promise<QuestionAnswer> {
    const ofAgent = [...this.#waiting.values()].filter((question) => question.address === address).length;
    const isWelcome = this.#calls.has(address) && ofAgent < LIMITS.maxQuestionsPerAgent && this.#waiting.size < LIMITS.maxWaitingQuestions;
    if (!isWelcome || signal?.aborted || (content.kind === 'url' && !isWebUrl(content.url))) return Promise.resolve({ action: 'cancel' });
    const id = String(this.#nextId++);
    const expiresAt = this.#clock.now() + LIMITS.questionTimeoutMs;
    return new Promise((resolve) => {
      const settle = (answer: QuestionAnswer): void => {
        if (!this.#waiting.delete(id)) return;
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
        resolve(answer);
        this.#changed();
      };
      const onAbort = () => settle({ action: 'cancel' });
      const cancelTimer = this.#clock.wakeAt(expiresAt, onAbort);
      signal?.addEventListener('abort', onAbort);
      this.#waiting.set(id, { ...content, id, address, expiresAt, settle });
      this.#changed();
    });
  }

  answer(id: string, answer: QuestionAnswer): void {
    this.#waiting.get(id)?.settle(answer);
  }

  #changed(): void {
    this.#events.emit('changed', this.waiting());
  }
}

/** What MCP's `elicitation/create` asks. */
export function elicitationOf(params: ElicitRequest['params']): QuestionContent {
  if (params.mode === 'url') return { kind: 'url', message: params.message, url: params.url, waits: false };
  return { kind: 'form', message: params.message, schema: params.requestedSchema as Readonly<Record<string, unknown>> };
}

export function elicitResult(answer: QuestionAnswer): ElicitResult {
  if (answer.action !== 'accept') return { action: answer.action };
  return 'content' in answer ? { action: 'accept', content: answer.content as NonNullable<ElicitResult['content']> } : { action: 'accept' };
}

/** What MCP's `sampling/createMessage` asks, as text; what is no text is named by its type. */
export function samplingOf({ systemPrompt, messages }: CreateMessageRequest['params']): QuestionContent {
  return {
    kind: 'sampling',
    system: systemPrompt ?? '',
    messages: messages.map(({ role, content }) => ({
      role,
      text: [content]
        .flat()
        .map((block) => (block.type === 'text' ? block.text : `[${block.type}]`))
        .join('\n'),
    })),
  };
}

function isWebUrl(text: string): boolean {
  if (text.length > LIMITS.maxQuestionUrlLength || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  // A name before the host is there to be taken for it.
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}
