import { css, html, nothing } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import type { AuditLineView } from '../../view/trust-types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { longDay, timeOfDay } from '../format.ts';
import { modeStrings } from '../mode-strings.ts';
import { shared } from '../styles/shared.ts';
import { calledText, outcomeText, trustStrings as words } from '../trust-strings.ts';

const PAGE = 50;

/** Every call that is kept, mine and into my agents, with what was sent and answered, and who signed for it. Read when it is opened. */
@customElement('parley-audit-log')
export class AuditLogView extends ModelElement {
  @state() private isOpen = false;
  @state() private shown = PAGE;
  #stop: (() => void) | undefined;

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      summary {
        cursor: pointer;
        min-height: 28px;
        font-weight: 600;
      }
      .scroll {
        overflow-x: auto;
      }
      td {
        vertical-align: top;
        overflow-wrap: anywhere;
      }
      pre {
        max-height: 30vh;
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        font-size: 12px;
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
    this.#stop = undefined;
  }

  override render() {
    return html`<details @toggle=${this.#toggled}>
      <summary>${words.log}</summary>
      ${this.isOpen ? this.#lines() : nothing}
    </details>`;
  }

  readonly #toggled = (event: Event): void => {
    this.isOpen = (event.currentTarget as HTMLDetailsElement).open;
    this.#stop?.();
    this.#stop = this.isOpen ? this.model.trust.value?.watchLog() : undefined;
  };

  #lines() {
    const trust = this.model.trust.value;
    const lines = trust?.log.value;
    if (!lines) return nothing;
    return html`<p class="small soft">${words.logText}</p>
      ${lines.length === 0 ? html`<p class="small">${words.noLog}</p>` : this.#table(lines)}
      <div class="btns">
        ${lines.length > this.shown ? html`<button class="btn" @click=${() => (this.shown += PAGE)}>${words.showMore}</button>` : nothing}
        ${lines.length > 0 ? html`<button class="btn quiet" @click=${() => trust.clearLog()}>${words.clearLog}</button>` : nothing}
      </div>`;
  }

  #table(lines: readonly AuditLineView[]) {
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.log}><table>
      <thead><tr>${[words.when, words.who, words.what, words.outcome, words.proof].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${lines.slice(0, this.shown).map((line) => this.#row(line))}</tbody>
    </table></div>`;
  }

  #row(line: AuditLineView) {
    const who = line.direction === 'out' ? words.you : (line.person?.name ?? '');
    return html`<tr>
      <td><time title=${longDay(line.at)}>${timeOfDay(line.at)}</time></td>
      <td>${who}${line.hasPlaintextClients ? html` <span class="badge">${modeStrings.plaintextClients}</span>` : nothing}</td>
      <td>
        ${words.called(line.agentTitle, calledText(line.kind, line.tool))}
        <details><summary class="tiny soft">${words.details}</summary>
          <h3>${words.argumentsSent}</h3><pre tabindex="0">${withInvisibleWrittenOut(line.arguments)}</pre>
          ${line.answer === undefined ? nothing : html`<h3>${words.answerGot}</h3><pre tabindex="0">${withInvisibleWrittenOut(line.answer)}</pre>`}
        </details>
      </td>
      <td>${outcomeText(line.outcome)}${line.count > 1 ? html` <small class="soft">${words.times(line.count)}</small>` : nothing}</td>
      <td>${proofText(line)}</td>
    </tr>`;
  }
}

function proofText({ isCallSigned, isAnswerSigned }: AuditLineView): string {
  if (isCallSigned && isAnswerSigned) return words.bothSigned;
  if (isCallSigned) return words.callSigned;
  return isAnswerSigned ? words.answerSigned : words.notSigned;
}
