import { css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ToolView } from '../../view/types.ts';
import { jsonText } from '../elements/json-text.ts';
import { ModelElement } from '../elements/model-element.ts';
import { agentStrings } from '../agent-strings.ts';
import { jsonStyles } from '../styles/json.ts';
import { shared } from '../styles/shared.ts';
import { trustStrings as words } from '../trust-strings.ts';

/** What an agent says of a tool beside its description. Nobody vouches for it. */
@customElement('parley-tool-facts')
export class ToolFacts extends ModelElement {
  @property({ attribute: false }) tool!: ToolView;
  @state() private isOpen = false;

  static override styles = [
    shared,
    jsonStyles,
    css`
      :host {
        display: grid;
        gap: var(--s2);
      }
      .hints {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 8px;
      }
    `,
  ];

  override render() {
    const { name, inputSchema, outputSchema } = this.tool;
    const hints = hintsOf(this.tool);
    return html`${hints.length > 0 ? html`<ul class="hints" aria-label=${words.hints}>${hints.map((hint) => html`<li class="badge">${hint}</li>`)}</ul>` : nothing}
      <details @toggle=${(event: Event) => (this.isOpen = (event.currentTarget as HTMLDetailsElement).open)}>
        <summary class="small soft">${words.definition}</summary>
        ${
          this.isOpen
            ? html`<p class="tiny faint">${words.definitionText(name)}</p>
              ${jsonText(this.model, words.inputSchema, JSON.stringify(inputSchema, undefined, 2))}
              ${outputSchema ? jsonText(this.model, words.outputSchema, JSON.stringify(outputSchema, undefined, 2)) : nothing}`
            : nothing
        }
      </details>`;
  }
}

/** As MCP has it, a tool that only reads neither changes things nor does so twice. */
function hintsOf({ readOnlyHint, destructiveHint, idempotentHint, openWorldHint }: ToolView): readonly string[] {
  return [
    ...(readOnlyHint ? [agentStrings.readsOnly] : destructiveHint ? [agentStrings.changesThings] : destructiveHint === false ? [words.onlyAdds] : []),
    ...(!readOnlyHint && idempotentHint ? [words.sameTwice] : []),
    ...(openWorldHint ? [words.reachesOut] : openWorldHint === false ? [words.staysInside] : []),
  ];
}
