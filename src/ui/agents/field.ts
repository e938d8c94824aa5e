export type Choice = { readonly value: unknown; readonly label: string };

/** How text stands for bytes: RFC 4648 with either alphabet, or a `data:` URL with its type. */
export type FileEncoding = 'base64' | 'base64url' | 'data-url';

/** Parts of objects and lists are made when they are first looked at: a schema may go round without end. */
export type Shape =
  | {
      readonly kind: 'text' | 'long-text';
      readonly minLength: number | undefined;
      readonly maxLength: number | undefined;
      readonly format: string | undefined;
    }
  /** Bytes as text. `accept` is the media type that is asked for. */
  | { readonly kind: 'file'; readonly encoding: FileEncoding; readonly accept: string | undefined }
  | {
      readonly kind: 'number' | 'integer';
      readonly min: number | undefined;
      readonly max: number | undefined;
      /** Whether `min` and `max` themselves are too little and too much. */
      readonly exclusive: boolean;
    }
  | { readonly kind: 'boolean' | 'json' }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[] }
  /** Any of some values, each at most once. */
  | { readonly kind: 'choices'; readonly choices: readonly Choice[]; readonly minItems: number; readonly maxItems: number | undefined }
  | {
      readonly kind: 'object';
      readonly fields: readonly Field[];
      /** What properties that the schema does not name look like. */
      readonly more: Field;
      /** Whether the schema asks for such properties; elsewhere they are shown when JSON brought them, and not offered. */
      readonly offersMore: boolean;
    }
  | {
      readonly kind: 'list';
      /** The places of a tuple; after them every item looks the same. */
      readonly prefix: readonly Field[];
      /** `undefined` where nothing may follow the prefix. */
      readonly item: Field | undefined;
      readonly minItems: number;
      readonly maxItems: number | undefined;
    }
  /** One of several shapes. */
  | { readonly kind: 'variants'; readonly options: readonly Field[] };

/** How one value of a tool's arguments is asked for. */
export type Field = Shape & {
  /** The property's name, exactly as the schema has it: never shown without care. */
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  /** Whether an empty required field means `null`. */
  readonly nullable: boolean;
  /** The schema's default. */
  readonly initial: unknown;
  /** Something that is typed into a text field, as the schema's example has it. */
  readonly example: string;
  /** Whether it is left out until somebody adds it: an optional object within another, or one that goes round. */
  readonly folded: boolean;
};

export type FieldOf<Kind extends Shape['kind']> = Extract<Field, { readonly kind: Kind }>;
