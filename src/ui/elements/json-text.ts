import { html, type TemplateResult } from 'lit';
import { withInvisibleWrittenOut } from '../../base/visible-text.ts';
import type { AppModel } from '../../view/types.ts';
import { strings } from '../strings.ts';
import { copyText } from './clipboard.ts';

/** JSON of somebody else's, to be looked at and copied. What is copied is what is seen. */
export function jsonText(model: AppModel, name: string, json: string): TemplateResult {
  const shown = withInvisibleWrittenOut(json);
  return html`<div class="json">
    <div class="json-head"><h3>${name}</h3><button class="btn quiet" aria-label="${strings.copy}: ${name}" @click=${() => copyText(model, shown)}>${strings.copy}</button></div>
    <pre tabindex="0" role="region" aria-label=${name}>${shown}</pre>
  </div>`;
}
