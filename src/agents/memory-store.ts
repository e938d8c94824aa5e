import { Emitter } from '../base/emitter.ts';
import { ParleyError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Records, Table } from '../ports/records.ts';

export type Relation = { readonly from: string; readonly to: string; readonly relationType: string };
export type Entity = { readonly name: string; readonly entityType: string; readonly observations: readonly string[] };
export type Graph = { readonly entities: readonly Entity[]; readonly relations: readonly Relation[]; readonly total: number };

type Stored = Entity & { readonly relations: readonly Omit<Relation, 'from'>[] };

/** A knowledge graph in this browser's storage: things, what is known of each, and how they belong together. Each change of a thing is one transaction. */
export class MemoryStore {
  readonly #table: Table<Stored>;
  readonly #events = new Emitter<{ changed: string }>();

  constructor(records: Records) {
    this.#table = records.table<Stored>('memory');
    records.onForeignChange((name, key) => name === 'memory' && this.#events.emit('changed', key ?? ''));
  }

  /** Told the name of each thing that changed, also by another tab. */
  onChanged(listener: (name: string) => void): () => void {
    return this.#events.on('changed', listener);
  }

  /** Adds things that are not there yet; answers those. @throws ParleyError `overloaded`, `too-large`, or a storage code */
  async create(entities: readonly Entity[]): Promise<readonly Entity[]> {
    const known = (await this.#table.all()).size;
    if (known + entities.length > LIMITS.maxMemoryEntities)
      throw new ParleyError('overloaded', `There is room for ${LIMITS.maxMemoryEntities} things.`);
    const created: Entity[] = [];
    for (const entity of entities) {
      const isNew = await this.#update(entity.name, (before) => before ?? { ...entity, observations: unique(entity.observations), relations: [] });
      if (isNew) created.push(entity);
    }
    return created;
  }

  /** @throws ParleyError `bad-argument` when there is no such thing */
  async observe(name: string, observations: readonly string[]): Promise<readonly string[]> {
    let added: readonly string[] = [];
    await this.#change(name, (entity) => {
      added = unique(observations).filter((text) => !entity.observations.includes(text));
      return { ...entity, observations: bounded([...entity.observations, ...added]) };
    });
    return added;
  }

  /** @throws ParleyError `bad-argument` when there is no such thing */
  async forget(name: string, observations: readonly string[]): Promise<void> {
    await this.#change(name, (entity) => ({ ...entity, observations: entity.observations.filter((text) => !observations.includes(text)) }));
  }

  async relate({ from, to, relationType }: Relation): Promise<boolean> {
    if (!(await this.#table.get(to))) throw unknown(to);
    let isNew = false;
    await this.#change(from, (entity) => {
      isNew = !entity.relations.some((relation) => relation.to === to && relation.relationType === relationType);
      return isNew ? { ...entity, relations: bounded([...entity.relations, { to, relationType }]) } : entity;
    });
    return isNew;
  }

  async unrelate({ from, to, relationType }: Relation): Promise<void> {
    await this.#change(from, (entity) => ({
      ...entity,
      relations: entity.relations.filter((relation) => relation.to !== to || relation.relationType !== relationType),
    }));
  }

  /** Removes a thing and what leads to it. */
  async remove(name: string): Promise<void> {
    await this.#table.delete(name);
    for (const [other, { relations }] of await this.#table.all()) {
      if (relations.some(({ to }) => to === name))
        await this.#update(other, (entity) => entity && { ...entity, relations: entity.relations.filter(({ to }) => to !== name) });
    }
    this.#events.emit('changed', name);
  }

  /** Things that contain every word, in name, kind or what is known of them. */
  async search(query: string): Promise<Graph> {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#graph(({ name, entityType, observations }) => {
      const text = [name, entityType, ...observations].join('\n').toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  open(names: readonly string[]): Promise<Graph> {
    const wanted = new Set(names);
    return this.#graph(({ name }) => wanted.has(name));
  }

  async entity(name: string): Promise<(Entity & { readonly relations: readonly Omit<Relation, 'from'>[] }) | undefined> {
    return this.#table.get(name);
  }

  async names(): Promise<readonly string[]> {
    return [...(await this.#table.all()).keys()];
  }

  async #graph(isWanted: (entity: Stored) => boolean): Promise<Graph> {
    const found = [...(await this.#table.all()).values()].filter(isWanted);
    const shown = found.slice(0, LIMITS.maxMemoryAnswer);
    return {
      entities: shown.map(({ name, entityType, observations }) => ({ name, entityType, observations })),
      relations: shown.flatMap(({ name, relations }) => relations.map((relation) => ({ from: name, ...relation }))),
      total: found.length,
    };
  }

  async #change(name: string, change: (entity: Stored) => Stored): Promise<void> {
    let isThere = false;
    await this.#update(name, (entity) => {
      isThere = entity !== undefined;
      return entity && change(entity);
    });
    if (!isThere) throw unknown(name);
  }

  /** Answers whether there was none before. */
  async #update(name: string, change: (before: Stored | undefined) => Stored | undefined): Promise<boolean> {
    let isNew = false;
    let isChanged = false;
    await this.#table.update(name, (before) => {
      const after = change(before);
      isNew = before === undefined;
      isChanged = after !== before;
      return after;
    });
    if (isChanged) this.#events.emit('changed', name);
    return isNew;
  }
}

function unique(texts: readonly string[]): readonly string[] {
  return bounded([...new Set(texts)]);
}

function bounded<Item>(items: readonly Item[]): readonly Item[] {
  if (items.length > LIMITS.maxMemoryItemsPerEntity)
    throw new ParleyError('too-large', `Of one thing at most ${LIMITS.maxMemoryItemsPerEntity} facts are kept.`);
  return items;
}

function unknown(name: string): ParleyError {
  return new ParleyError('bad-argument', `Nothing called “${name}” is known.`);
}
