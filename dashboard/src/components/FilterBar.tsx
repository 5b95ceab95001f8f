import { Button, Collapse, Group, Kbd, Pill, Select, SimpleGrid, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconFilter, IconSearch } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';

/** The filters of a list as they stand in the URL. */
export type Search = Record<string, string | undefined>;

/** A filter: one of some options, a day, or a text. */
export interface Filter<S> {
  key: keyof S & string;
  label: string;
  options?: { value: string; label: string }[];
  type?: 'date' | 'text';
}

interface Props<S> {
  value: S;
  onChange: (patch: Partial<S>) => void;
  filters: Filter<S>[];
  /** What can be searched for, when the list has `q`. */
  search?: string;
  /** To the right: views, downloads. */
  children?: ReactNode;
}

/** Search and filters of a list. */
export function FilterBar<S extends Search>({ value, onChange, filters, search, children }: Props<S>) {
  const [opened, { toggle }] = useDisclosure(false);
  const active = filters.filter(({ key }) => value[key]);
  const none = Object.fromEntries(active.map(({ key }) => [key, undefined])) as Partial<S>;
  return (
    <>
      <Group px="md" py="sm" gap="xs">
        {search && (
          <SearchField label={search} value={value.q ?? ''} onChange={(q) => onChange(patchOf<S>('q', q))} />
        )}
        {filters.length > 0 && (
          <Button
            variant="default"
            leftSection={<IconFilter size={16} />}
            aria-expanded={opened}
            onClick={toggle}
          >
            {active.length > 0 ? `Filters · ${active.length}` : 'Filters'}
          </Button>
        )}
        {children}
      </Group>
      <Collapse expanded={opened}>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} px="md" pb="sm" spacing="xs" verticalSpacing="xs">
          {filters.map((filter) => (
            <FilterField key={filter.key} filter={filter} value={value[filter.key]} onChange={onChange} />
          ))}
        </SimpleGrid>
      </Collapse>
      {active.length > 0 && (
        <Group px="md" pb="sm" gap={6}>
          {active.map((filter) => (
            <Pill
              key={filter.key}
              withRemoveButton
              onRemove={() => onChange(patchOf<S>(filter.key, undefined))}
              removeButtonProps={{
                'aria-label': `Remove the filter ${filter.label}`,
                'aria-hidden': false,
                tabIndex: 0,
              }}
            >
              {`${filter.label}: ${shown(filter, value[filter.key])}`}
            </Pill>
          ))}
          <Button size="compact-xs" variant="subtle" onClick={() => onChange(none)}>
            Clear all
          </Button>
        </Group>
      )}
    </>
  );
}

/** A change of one filter. */
const patchOf = <S,>(key: string, value: string | undefined) => ({ [key]: value }) as Partial<S>;

function shown<S>({ options }: Filter<S>, value: string | undefined): string {
  return options?.find((option) => option.value === value)?.label ?? value ?? '';
}

interface FieldProps<S> {
  filter: Filter<S>;
  value: string | undefined;
  onChange: (patch: Partial<S>) => void;
}

function FilterField<S>({ filter: { key, label, options, type }, value, onChange }: FieldProps<S>) {
  const set = (chosen: string | null) => onChange(patchOf<S>(key, chosen || undefined));
  if (options) {
    return (
      <Select
        label={label}
        placeholder="Any"
        data={options}
        value={value ?? null}
        onChange={set}
        allowDeselect
        clearable
      />
    );
  }
  return (
    <TextInput
      label={label}
      type={type}
      value={value ?? ''}
      onChange={({ currentTarget }) => set(currentTarget.value)}
    />
  );
}

function SearchField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (q: string | undefined) => void;
}) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback((q: string) => onChange(q.trim() || undefined), 300);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(value), [value]);
  useHotkeys([['/', () => field.current?.focus()]]);
  return (
    <TextInput
      ref={field}
      type="search"
      aria-keyshortcuts="/"
      rightSection={text ? undefined : <Kbd size="xs">/</Kbd>}
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        tell(currentTarget.value);
      }}
      flex={1}
      miw={180}
    />
  );
}
