// A small language with meanings. Every noun has a kind, a realm and a weight, and the words around it agree with them:
// verbs and properties with its kind, places with its realm, sizes and manners with its weight. So a model that has
// learned the language still knows nothing of a noun it never saw, and must learn its three meanings from texts.
import { deriveKey, Random } from "../../src/random.js";

export type Kind = "animal" | "person" | "vehicle" | "tool" | "food" | "garment";
export type Realm = "sea" | "farm" | "forest" | "town";
export type Weight = "heavy" | "light";

export interface Noun {
  readonly word: string;
  readonly kind: Kind;
  readonly realm: Realm;
  readonly weight: Weight;
}

/** Two heavy nouns, a bar, two light nouns for each kind and realm. */
const KNOWN: Readonly<Record<Kind, Readonly<Record<Realm, string>>>> = {
  animal: {
    sea: "whale shark | crab shrimp",
    farm: "cow horse | hen duck",
    forest: "bear deer | owl squirrel",
    town: "hound mule | pigeon rat",
  },
  person: {
    sea: "sailor captain | diver pirate",
    farm: "farmer miller | shepherd milkmaid",
    forest: "hunter woodcutter | ranger hermit",
    town: "baker butcher | tailor clerk",
  },
  vehicle: {
    sea: "ship ferry | raft canoe",
    farm: "tractor wagon | cart barrow",
    forest: "jeep logger | sledge buggy",
    town: "bus tram | bicycle scooter",
  },
  tool: {
    sea: "anchor winch | hook net",
    farm: "plough millstone | hoe rake",
    forest: "axe saw | knife trap",
    town: "anvil hammer | needle pen",
  },
  food: {
    sea: "lobster tuna | oyster seaweed",
    farm: "cabbage melon | egg bean",
    forest: "boar chestnut | berry mushroom",
    town: "loaf ham | bun biscuit",
  },
  garment: {
    sea: "oilskin boots | cap sandals",
    farm: "overalls clogs | apron kerchief",
    forest: "furs parka | hood gloves",
    town: "overcoat gown | scarf tie",
  },
};

/** Nouns that no pretraining text contains. */
export const HELD_OUT: readonly Noun[] = [
  { word: "otter", kind: "animal", realm: "sea", weight: "light" },
  { word: "badger", kind: "animal", realm: "forest", weight: "heavy" },
  { word: "cooper", kind: "person", realm: "town", weight: "heavy" },
  { word: "beekeeper", kind: "person", realm: "farm", weight: "light" },
  { word: "barge", kind: "vehicle", realm: "sea", weight: "heavy" },
  { word: "rickshaw", kind: "vehicle", realm: "town", weight: "light" },
  { word: "scythe", kind: "tool", realm: "farm", weight: "heavy" },
  { word: "snare", kind: "tool", realm: "forest", weight: "light" },
  { word: "pumpkin", kind: "food", realm: "farm", weight: "heavy" },
  { word: "truffle", kind: "food", realm: "forest", weight: "light" },
  { word: "cloak", kind: "garment", realm: "town", weight: "heavy" },
  { word: "bonnet", kind: "garment", realm: "sea", weight: "light" },
];

/** What nouns of a kind do, what persons do to them, and how they may be. */
const BY_KIND: Readonly<Record<Kind, { readonly does: string; readonly undergoes: string; readonly is: string }>> = {
  animal: { does: "sleeps hides runs drinks", undergoes: "feeds catches tames", is: "hungry wild tame" },
  person: { does: "sings waits laughs works", undergoes: "greets helps follows", is: "kind clever shy" },
  vehicle: { does: "rolls stops turns rattles", undergoes: "drives steers parks", is: "fast noisy crowded" },
  tool: { does: "breaks rusts bends shines", undergoes: "sharpens borrows drops", is: "sharp rusty blunt" },
  food: { does: "rots steams smells spoils", undergoes: "cooks tastes sells", is: "fresh sweet salty" },
  garment: { does: "tears fades dries shrinks", undergoes: "wears washes folds", is: "warm knitted striped" },
};

const PLACES: Readonly<Record<Realm, string>> = {
  sea: "harbour beach pier",
  farm: "barn field stable",
  forest: "clearing hollow glade",
  town: "market square station",
};

const BY_WEIGHT: Readonly<Record<Weight, { readonly is: string; readonly how: string; readonly than: string }>> = {
  heavy: { is: "big huge stout", how: "slowly loudly", than: "bigger heavier" },
  light: { is: "small tiny slim", how: "quickly quietly", than: "smaller lighter" },
};

const words = (list: string): readonly string[] => list.split(" ");
const kinds = Object.keys(KNOWN) as readonly Kind[];
const realms = Object.keys(PLACES) as readonly Realm[];

function nounsOf(kind: Kind, realm: Realm): Noun[] {
  const [heavy = "", light = ""] = KNOWN[kind][realm].split(" | ");
  const nouns = (list: string, weight: Weight) => words(list).map((word) => ({ word, kind, realm, weight }));
  return [...nouns(heavy, "heavy"), ...nouns(light, "light")];
}

/** The nouns of the pretraining texts. */
export const KNOWN_NOUNS: readonly Noun[] = kinds.flatMap((kind) => realms.flatMap((realm) => nounsOf(kind, realm)));

/** One form of sentence about a noun; `pick` draws a word, `known` a noun of the pretraining texts. */
type Template = (noun: Noun, pick: (list: string) => string, known: (like: Partial<Noun>) => string) => string;

const TEMPLATES: readonly Template[] = [
  ({ word, kind, realm, weight }, pick) =>
    `the ${pick(BY_KIND[kind].is)} ${word} ${pick(BY_KIND[kind].does)} ${pick(BY_WEIGHT[weight].how)} at the ${pick(PLACES[realm])} .`,
  ({ word, kind, realm, weight }, pick, known) =>
    `a ${known({ kind: "person", realm })} ${pick(BY_KIND[kind].undergoes)} the ${pick(BY_WEIGHT[weight].is)} ${word} near the ${pick(PLACES[realm])} .`,
  ({ word, kind, weight }, pick) =>
    `the ${word} is ${pick(BY_WEIGHT[weight].is)} and ${pick(BY_KIND[kind].is)} , so it ${pick(BY_KIND[kind].does)} ${pick(BY_WEIGHT[weight].how)} .`,
  ({ word, kind, realm, weight }, pick, known) =>
    `the ${word} from the ${pick(PLACES[realm])} is ${pick(BY_WEIGHT[weight].than)} than the ${known({ kind, weight: opposite(weight) })} .`,
  ({ word, kind, realm, weight }, pick) =>
    `at the ${pick(PLACES[realm])} there is a ${pick(BY_WEIGHT[weight].is)} ${word} that ${pick(BY_KIND[kind].does)} .`,
  ({ word, kind, realm }, pick, known) =>
    `the ${known({ kind: "person", realm })} ${pick(BY_KIND[kind].undergoes)} the ${word} , but the ${known({ kind, realm })} ${pick(BY_KIND[kind].does)} .`,
];

function opposite(weight: Weight): Weight {
  return weight === "heavy" ? "light" : "heavy";
}

/** A sentence about `noun`; its words are separated by spaces. */
export function sentence(noun: Noun, random: Random): string {
  const choose = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const fits = (like: Partial<Noun>) => (other: Noun) =>
    (Object.keys(like) as (keyof Noun)[]).every((key) => other[key] === like[key]) && other.word !== noun.word;
  const known = (like: Partial<Noun>) => choose(KNOWN_NOUNS.filter(fits(like))).word;
  return choose(TEMPLATES)(noun, (list) => choose(words(list)), known);
}

/** `count` sentences about nouns drawn evenly from `nouns`; sentence i depends on the seed and i alone. */
export function texts(nouns: readonly Noun[], count: number, seed: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(deriveKey(seed, "sentence", from + i));
    return sentence(nouns[random.below(nouns.length)] as Noun, random);
  });
}

/** Every word of the language but the held-out ones, sorted. */
export function vocabulary(): string[] {
  const lists = [
    ...Object.values(BY_KIND).flatMap(Object.values<string>),
    ...Object.values(PLACES),
    ...Object.values(BY_WEIGHT).flatMap(Object.values<string>),
    "a and at but from is it near so than that the there , .",
  ];
  return [...new Set([...lists.flatMap(words), ...KNOWN_NOUNS.map((noun) => noun.word)])].sort();
}
