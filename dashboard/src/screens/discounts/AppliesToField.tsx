import { MultiSelect, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { collectionChoices, productChoices } from '../../api/shop';
import type { AppliesTo } from './discountForm';

interface Props {
  /** What is chosen, for screen readers, such as "Bought". */
  label: string;
  value: AppliesTo;
  onChange: (value: AppliesTo) => void;
}

/** Collections, products and variants; everything when none is chosen. */
export function AppliesToField({ label, value, onChange }: Props) {
  const collections = useQuery(collectionChoices).data ?? [];
  const everything = Object.values(value).every((ids) => ids.length === 0);
  return (
    <Stack gap="xs">
      <MultiSelect
        label={`${label}: collections`}
        placeholder={value.collections.length === 0 ? 'Any' : undefined}
        searchable
        data={collections.map(({ id, title }) => ({ value: id, label: title }))}
        value={value.collections}
        onChange={(ids) => onChange({ ...value, collections: ids })}
      />
      <ProductsField
        label={`${label}: products`}
        value={value.products}
        onChange={(products) => onChange({ ...value, products })}
      />
      <VariantsField
        label={`${label}: variants`}
        value={value.variants}
        onChange={(variants) => onChange({ ...value, variants })}
      />
      {everything && (
        <Text size="xs" c="dimmed">
          It is for everything.
        </Text>
      )}
    </Stack>
  );
}

interface IdsProps {
  label: string;
  value: string[];
  onChange: (ids: string[]) => void;
}

interface Choice {
  value: string;
  label: string;
}

function ProductsField(props: IdsProps) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 250);
  const found = useQuery(productChoices(q)).data ?? [];
  const named = useQueries({
    queries: props.value.map((id) => ({
      queryKey: ['products', 'one', id],
      staleTime: 60_000,
      queryFn: () => answer(api.GET('/v1/admin/products/{id}', { params: { path: { id } } })),
    })),
  });
  const known = named.flatMap(({ data }) => (data ? [{ value: data.id, label: data.title }] : []));
  const choices = found.map(({ id, title }) => ({ value: id, label: title }));
  return <SearchedField {...props} known={known} choices={choices} text={text} onText={setText} />;
}

function VariantsField(props: IdsProps) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 250);
  const found = useQuery(productChoices(q)).data ?? [];
  const named = useQueries({
    queries: props.value.map((id) => ({
      queryKey: ['products', 'variant', id],
      staleTime: 60_000,
      queryFn: () => answer(api.GET('/v1/admin/variants/{id}', { params: { path: { id } } })),
    })),
  });
  const known = named.flatMap(({ data }) => (data ? [{ value: data.id, label: data.sku }] : []));
  const choices = found.flatMap(({ title, variants }) =>
    variants.map(({ id, sku }) => ({ value: id, label: `${sku} (${title})` })),
  );
  return <SearchedField {...props} known={known} choices={choices} text={text} onText={setText} />;
}

interface SearchedProps extends IdsProps {
  /** What is chosen, by name as far as it is known. */
  known: Choice[];
  /** What the search found. */
  choices: Choice[];
  text: string;
  onText: (text: string) => void;
}

/** Some of many: the server searches, so that what it found is not filtered again. */
function SearchedField({ label, value, onChange, known, choices, text, onText }: SearchedProps) {
  const all = new Map([...choices, ...known].map((choice) => [choice.value, choice.label]));
  for (const id of value) if (!all.has(id)) all.set(id, id);
  const found = new Set(choices.map((choice) => choice.value));
  return (
    <MultiSelect
      label={label}
      placeholder={value.length === 0 ? 'Any' : undefined}
      searchable
      searchValue={text}
      onSearchChange={onText}
      data={[...all].map(([id, name]) => ({ value: id, label: name }))}
      filter={({ options }) => options.filter((option) => 'value' in option && found.has(option.value))}
      nothingFoundMessage="Nothing matches"
      maxDropdownHeight={280}
      value={value}
      onChange={onChange}
    />
  );
}
