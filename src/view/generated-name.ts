import { publicKeyOf, type PersonId } from '../base/ids.ts';

const FIRST =
  'Amber Ash Birch Brisk Calm Cedar Clear Coral Dawn Dusk Early Fern Flint Gentle Golden Hazel Indigo Ivory Juniper Keen Lark Linen Lunar Maple Mellow Misty Mossy Noble Ochre Olive Opal Pearl Quiet Quick Rowan Russet Sage Sandy Silver Slate Spruce Steady Sunny Swift Teal Umber Velvet Warm Willow Winter'.split(
    ' ',
  );
const SECOND =
  'Badger Beaver Bison Bittern Crane Curlew Dolphin Dove Egret Falcon Finch Fox Gannet Grebe Hare Heron Ibis Jay Kestrel Kite Linnet Lynx Marten Merlin Mole Newt Oriole Osprey Otter Owl Petrel Pipit Plover Puffin Quail Raven Robin Seal Shrew Siskin Stoat Stork Swallow Swan Tern Thrush Vole Walrus Wren Yak'.split(
    ' ',
  );

/** What a person is called until they say so themselves: two words that follow from their key, so everybody sees the same. */
export function generatedName(person: PersonId): string {
  const key = publicKeyOf(person);
  const pick = (words: readonly string[], at: number) => words[(((key[at] as number) << 8) | (key[at + 1] as number)) % words.length] as string;
  return `${pick(FIRST, 0)} ${pick(SECOND, 2)}`;
}
