import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api, ifMatch } from '../../api/client';
import { Problem } from '../../api/problem';
import { useOnce } from '../../components/actions';
import { noAmount } from '../../components/MoneyInput';
import { majorUnits, minorUnits } from '../../format/money';
import { PRODUCTS, type Product, productQuery, type Variant } from './queries';

/** What was typed into a row; what is absent was not touched. Prices are by currency. */
export interface Draft {
  sku?: string;
  prices?: Record<string, string>;
  on_hand?: string;
}

/** Why a row was not saved: the API refused it, or somebody else wrote into the same fields. */
export interface Outcome {
  problem?: Problem;
  theirs?: Variant;
}

/** A price as its field shows it; empty when there is none. */
export function priceText({ prices = [] }: Variant, currency: string): string {
  const price = prices.find((given) => given.currency === currency);
  return price ? majorUnits(price) : '';
}

/** How many there are, where stock is counted. */
export const onHandText = ({ inventory }: Variant) =>
  inventory?.track_inventory ? String(inventory.on_hand) : '';

/** What is left of a draft when what says the same as the variant is taken away. */
function changed({ sku, prices = {}, on_hand }: Draft, variant: Variant): Draft | undefined {
  const others = Object.entries(prices).filter(([currency, text]) => {
    const typed = minorUnits(text, currency);
    return typed === null
      ? text.trim() !== priceText(variant, currency)
      : typed !== minorUnits(priceText(variant, currency), currency);
  });
  const draft: Draft = {
    ...(sku !== undefined && sku.trim() !== variant.sku && { sku }),
    ...(others.length > 0 && { prices: Object.fromEntries(others) }),
    ...(on_hand !== undefined && on_hand.trim() !== onHandText(variant) && { on_hand }),
  };
  return Object.keys(draft).length > 0 ? draft : undefined;
}

/** What is wrong with a row, by field; prices by currency. */
export function errorsOf({ sku, prices = {}, on_hand }: Draft, variant: Variant): Record<string, string> {
  const errors: Record<string, string> = {};
  if (sku !== undefined && !sku.trim()) errors.sku = 'Give it a SKU.';
  for (const [currency, text] of Object.entries(prices)) {
    if (text.trim() && minorUnits(text, currency) === null) errors[currency] = noAmount(currency);
    if (!text.trim() && pricesOf(prices, variant).length === 0) errors[currency] = 'Enter a price.';
  }
  if (on_hand !== undefined && !/^\d{1,9}$/.test(on_hand.trim())) errors.on_hand = 'Enter a whole number.';
  return errors;
}

/** All prices of a variant after what was typed; an empty one is taken away. */
function pricesOf(typed: Record<string, string>, { prices = [] }: Variant) {
  const others = prices.filter(({ currency }) => !(currency in typed));
  const edited = Object.entries(typed).flatMap(([currency, text]) => {
    const amount = minorUnits(text, currency);
    const before = prices.find((price) => price.currency === currency);
    return amount === null
      ? []
      : [{ currency, amount, compare_at_amount: before?.compare_at_amount ?? null }];
  });
  return [...others, ...edited];
}

/** Whether somebody else wrote into the fields that a draft is about. */
const clashes = ({ sku, prices = {}, on_hand }: Draft, base: Variant, now: Variant) =>
  (sku !== undefined && base.sku !== now.sku) ||
  (on_hand !== undefined && onHandText(base) !== onHandText(now)) ||
  Object.keys(prices).some((currency) => priceText(base, currency) !== priceText(now, currency));

/** Sends a row's SKU and prices; the version that the product has then. */
async function sendFields({ sku, prices }: Draft, variant: Variant, version: number): Promise<number> {
  const request = api.PATCH('/v1/admin/variants/{id}', {
    params: { path: { id: variant.id }, header: ifMatch(version) },
    body: { ...(sku && { sku: sku.trim() }), ...(prices && { prices: pricesOf(prices, variant) }) },
  });
  await answer(request);
  const [, now] = /^"v(\d+)/.exec((await request).response.headers.get('ETag') ?? '') ?? [];
  return now ? Number(now) : version + 1;
}

/** Something by the id of a variant. */
type ByVariant<T> = Record<string, T>;

function withOne<T>(all: ByVariant<T>, id: string, value: T | undefined): ByVariant<T> {
  const { [id]: _, ...rest } = all;
  return value === undefined ? rest : { ...rest, [id]: value };
}

/**
 * The variants of several products, edited in one table. Only rows that were changed are sent, each on the version that
 * was read last: what somebody else changed elsewhere stays, and what they wrote into the same fields is shown.
 */
export function useQuickEdit(loaded: Product[]) {
  const client = useQueryClient();
  const once = useOnce();
  const [products, setProducts] = useState(loaded);
  const [drafts, setDrafts] = useState<ByVariant<Draft>>({});
  const [outcomes, setOutcomes] = useState<ByVariant<Outcome>>({});
  const [saving, setSaving] = useState(false);
  const setDraft = (id: string, draft: Draft | undefined) => setDrafts((all) => withOne(all, id, draft));
  const setOutcome = (id: string, outcome?: Outcome) => setOutcomes((all) => withOne(all, id, outcome));
  const read = (id: string) => client.fetchQuery({ ...productQuery(id), staleTime: 0 });

  const edit = (variant: Variant, { prices, ...rest }: Draft) => {
    const before = drafts[variant.id];
    const draft = { ...before, ...rest, ...(prices && { prices: { ...before?.prices, ...prices } }) };
    const left = changed(draft, variant);
    setDraft(variant.id, left);
    if (!left || !outcomes[variant.id]?.theirs) setOutcome(variant.id);
  };

  const sendStock = ({ on_hand }: Draft, { id, inventory }: Variant) => {
    const delta = Number(on_hand) - (inventory?.on_hand ?? 0);
    return once({ id, delta }, (header) =>
      answer(
        api.POST('/v1/admin/variants/{id}/stock-adjustments', {
          params: { path: { id }, header },
          body: { delta, reason: 'correction' },
        }),
      ),
    );
  };

  /** Saves the changed rows of a product one after the other; how many it could not save. */
  const saveProduct = async (base: Product) => {
    const latest = await read(base.id);
    let { version } = latest;
    let failed = 0;
    for (const variant of base.variants) {
      const draft = drafts[variant.id];
      if (!draft) continue;
      const theirs = latest.variants.find(({ id }) => id === variant.id) ?? variant;
      if (outcomes[variant.id]?.theirs || clashes(draft, variant, theirs)) {
        setOutcome(variant.id, { theirs });
        failed += 1;
        continue;
      }
      const { on_hand, ...fields } = draft;
      let left: Draft | undefined = draft;
      try {
        if (fields.sku || fields.prices) version = await sendFields(fields, theirs, version);
        left = { on_hand };
        if (on_hand !== undefined) await sendStock({ on_hand }, theirs);
        left = undefined;
        setOutcome(variant.id);
      } catch (error) {
        setOutcome(variant.id, { problem: Problem.from(error) });
        failed += 1;
      }
      setDraft(variant.id, left);
    }
    const after = await read(base.id);
    setProducts((all) => all.map((product) => (product.id === after.id ? after : product)));
    return failed;
  };

  const save = async () => {
    setSaving(true);
    try {
      let failed = 0;
      for (const product of products)
        if (product.variants.some(({ id }) => drafts[id])) failed += await saveProduct(product);
      return failed;
    } finally {
      setSaving(false);
      client.invalidateQueries({ queryKey: PRODUCTS });
    }
  };

  /** Decides a row into which somebody else wrote: one's own is saved over it the next time, or given up. */
  const settle = (theirs: Variant, mine: 'keep' | 'drop') => {
    const draft = drafts[theirs.id];
    setDraft(theirs.id, draft && mine === 'keep' ? changed(draft, theirs) : undefined);
    setOutcome(theirs.id);
  };

  const discard = () => {
    setDrafts({});
    setOutcomes({});
  };
  const valid = products
    .flatMap(({ variants }) => variants)
    .every((variant) => {
      const draft = drafts[variant.id];
      return !draft || Object.keys(errorsOf(draft, variant)).length === 0;
    });
  return { products, drafts, outcomes, saving, valid, edit, save, settle, discard };
}

export type QuickEdit = ReturnType<typeof useQuickEdit>;
