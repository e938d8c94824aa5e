import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { PermissionsView, RelationView, RuleView } from '../../view/trust-types.ts';
import type { ToolView } from '../../view/types.ts';
import { ModelElement } from '../elements/model-element.ts';
import { shared } from '../styles/shared.ts';
import { relations, rules, trustStrings as words } from '../trust-strings.ts';

const RELATIONS: readonly RelationView[] = ['devices', 'contacts', 'everyone'];
const RULES: readonly RuleView[] = ['run', 'ask', 'never'];

/** Who may do what with an agent of mine, as a whole and tool by tool. Every change holds at once. */
@customElement('parley-permissions')
export class PermissionEditor extends ModelElement {
  @property({ attribute: false }) agentId!: string;
  @property({ attribute: false }) tools: readonly ToolView[] = [];

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        min-width: 420px;
      }
      th[scope='row'] {
        font-weight: 400;
        overflow-wrap: anywhere;
      }
      select {
        min-width: 96px;
        padding: 4px 8px;
        min-height: 32px;
      }
      .limits {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s3);
        margin-top: var(--s3);
      }
      .limits label {
        display: grid;
        gap: 4px;
      }
      .limits input {
        width: 110px;
      }
    `,
  ];

  override render() {
    const trust = this.model.trust.value;
    if (!trust) return html``;
    const permissions = trust.permissions(this.agentId).value;
    const names = [...new Set([...this.tools.map(({ name }) => name), ...permissions.tools.map(({ name }) => name)])];
    return html`
      <p class="small soft">${words.permissionsText}</p>
      <div class="scroll">
        <table>
          <thead><tr><th scope="col"><span class="unseen">${words.what}</span></th>${RELATIONS.map((relation) => html`<th scope="col">${relations[relation]}</th>`)}</tr></thead>
          <tbody>
            <tr><th scope="row">${words.forAll}</th>${RELATIONS.map((relation) => html`<td>${this.#select(words.forAll, relation, permissions.rules[relation], false, (rule) => rule && this.#set({ ...permissions, rules: { ...permissions.rules, [relation]: rule } }))}</td>`)}</tr>
            ${names.map((name) => html`<tr><th scope="row" class="mono small">${name}</th>${RELATIONS.map((relation) => html`<td>${this.#toolRule(permissions, name, relation)}</td>`)}</tr>`)}
          </tbody>
        </table>
      </div>
      <div class="limits" role="group" aria-label=${words.limits}>
        ${this.#count(words.callsPerMinute, permissions.callsPerMinute, 6_000, (callsPerMinute) => this.#set({ ...permissions, callsPerMinute }))}
        ${this.#count(words.parallelCalls, permissions.parallelCalls, 32, (parallelCalls) => this.#set({ ...permissions, parallelCalls }))}
      </div>
    `;
  }

  #toolRule(permissions: PermissionsView, name: string, relation: RelationView) {
    const own = permissions.tools.find((tool) => tool.name === name)?.rules ?? {};
    return this.#select(name, relation, own[relation], true, (rule) => {
      const { [relation]: _before, ...others } = own;
      const changed = rule ? { ...others, [relation]: rule } : others;
      const rest = permissions.tools.filter((tool) => tool.name !== name);
      this.#set({ ...permissions, tools: Object.keys(changed).length > 0 ? [...rest, { name, rules: changed }] : rest });
    });
  }

  #select(what: string, relation: RelationView, value: RuleView | undefined, canInherit: boolean, change: (rule: RuleView | undefined) => unknown) {
    return html`<select
      aria-label=${words.ruleOf(what, relations[relation])}
      @change=${(event: Event) => change(RULES.find((rule) => rule === (event.target as HTMLSelectElement).value))}
    >
      ${canInherit ? html`<option value="" ?selected=${value === undefined}>${words.asAgent}</option>` : ''}
      ${RULES.map((rule) => html`<option value=${rule} ?selected=${value === rule}>${rules[rule]}</option>`)}
    </select>`;
  }

  #count(label: string, value: number, atMost: number, change: (value: number) => void) {
    return html`<label class="small">${label}<input type="number" min="1" max=${atMost} .value=${String(value)} @change=${(event: Event) => {
      const typed = Math.round((event.target as HTMLInputElement).valueAsNumber);
      if (typed >= 1 && typed <= atMost) change(typed);
      else (event.target as HTMLInputElement).value = String(value);
    }} /></label>`;
  }

  #set(permissions: PermissionsView): void {
    this.model.trust.value?.setPermissions(this.agentId, permissions);
  }
}
