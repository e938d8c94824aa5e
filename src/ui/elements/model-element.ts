import { effect, untracked } from '@preact/signals-core';
import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { AppModel } from '../../view/types.ts';

/** A component over the app's model: whatever signals its `render` reads, their change renders it again. */
export class ModelElement extends LitElement {
  @property({ attribute: false }) model!: AppModel;
  #stopWatching: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  protected override performUpdate(): void {
    if (!this.isUpdatePending) return;
    this.#stopWatching?.();
    let isRendering = true;
    this.#stopWatching = effect(() => {
      if (isRendering) {
        isRendering = false;
        super.performUpdate();
      } else {
        untracked(() => this.requestUpdate());
      }
    });
  }
}
