import { agentStrings } from '../agent-strings.ts';
import { isObject } from './json-schema.ts';

const { fieldProblems } = agentStrings;

/** JSON, where every whole number arrives as it was typed. @throws Error with what is wrong, in words */
export function exactJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(fieldProblems.json);
  }
  const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/gi) ?? [];
  if (numbers.some(isInexact)) throw new Error(fieldProblems.inexact);
  return value;
}

/** The arguments that a JSON text means. @throws Error with what is wrong, in words */
export function argumentsOfJson(text: string): Record<string, unknown> {
  const value = exactJson(text.trim() === '' ? '{}' : text);
  if (!isObject(value)) throw new Error(fieldProblems.object);
  return { ...value };
}

/** Whether the digits of a whole number would not all arrive: JSON's numbers are IEEE 754 doubles nearly everywhere (RFC 8259 §6). */
export function isInexact(typed: string): boolean {
  const [, sign, digits] = /^([-+]?)0*(\d+)$/.exec(typed) ?? [];
  if (digits === undefined || Number.isSafeInteger(Number(digits))) return false;
  return String(Number(typed)) !== `${sign === '-' ? '-' : ''}${digits}`;
}

/** Whether two plain values are the same, whatever the order of their properties. */
export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, index) => same(item, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]));
}
