import { Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Schemas } from '../api/client';
import { countryOptions } from '../format/countries';

/** An address as it is typed. */
export type AddressText = Record<Exclude<keyof Schemas['Address'], 'country'>, string> & {
  country: string | null;
};

export const addressText = (address: Schemas['Address'] | null | undefined): AddressText => ({
  name: address?.name ?? '',
  company: address?.company ?? '',
  line1: address?.line1 ?? '',
  line2: address?.line2 ?? '',
  postal_code: address?.postal_code ?? '',
  city: address?.city ?? '',
  state: address?.state ?? '',
  country: address?.country ?? null,
  phone: address?.phone ?? '',
});

/** The address that was typed; none without a country. */
export function addressOf({ country, ...parts }: AddressText): Schemas['Address'] | null {
  if (!country) return null;
  const written = Object.entries(parts).map(([name, text]) => [name, text.trim() || null] as const);
  return { ...Object.fromEntries(written), country };
}

interface Props {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has an address
  form: UseFormReturnType<any>;
  path: string;
  /** The countries to choose from. */
  countries: string[];
}

/** The parts of an address. */
export function AddressFields({ form, path, countries }: Props) {
  const field = (name: string) => form.getInputProps(`${path}.${name}`);
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput label="Name" {...field('name')} />
        <TextInput label="Company" {...field('company')} />
        <TextInput label="Street and number" {...field('line1')} />
        <TextInput label="Second line" {...field('line2')} />
        <TextInput label="Postal code" {...field('postal_code')} />
        <TextInput label="City" {...field('city')} />
        <TextInput label="State or region" {...field('state')} />
        <Select label="Country" searchable clearable data={countryOptions(countries)} {...field('country')} />
        <TextInput label="Phone" type="tel" {...field('phone')} />
      </SimpleGrid>
    </Stack>
  );
}
