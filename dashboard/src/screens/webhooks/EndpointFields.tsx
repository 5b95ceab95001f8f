import { Checkbox, SimpleGrid, Stack, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type Endpoint, EVENT_TYPES, type WantedEvent } from './queries';

/** What is edited of an endpoint. */
export interface EndpointValues {
  url: string;
  description: string;
  all: boolean;
  event_types: WantedEvent[];
}

/** What an endpoint is as its form shows it; what a new one begins with. */
export const valuesOf = (endpoint?: Endpoint): EndpointValues => ({
  url: endpoint?.url ?? '',
  description: endpoint?.description ?? '',
  all: endpoint?.event_types.includes('*') ?? true,
  event_types: endpoint?.event_types.filter((type) => type !== '*') ?? [],
});

/** The form as the API takes it. */
export const bodyOf = ({ url, description, all, event_types }: EndpointValues) => ({
  url: url.trim(),
  description: description.trim() || null,
  event_types: all ? (['*'] as WantedEvent[]) : event_types,
});

export const validateEndpoint = {
  url: (url: string) => (url.trim() ? null : 'Enter the address that takes the events.'),
  event_types: (types: WantedEvent[], { all }: EndpointValues) =>
    all || types.length > 0 ? null : 'Choose at least one event.',
};

/** The fields of an endpoint's form. */
export function EndpointFields({ form }: { form: UseFormReturnType<EndpointValues> }) {
  return (
    <Stack gap="sm">
      <TextInput
        label="Address"
        description="HTTPS, reachable from the internet"
        placeholder="https://erp.example.com/merx"
        type="url"
        required
        data-autofocus
        {...form.getInputProps('url')}
      />
      <TextInput label="Description" {...form.getInputProps('description')} />
      <Checkbox label="All events, also those to come" {...form.getInputProps('all', { type: 'checkbox' })} />
      {!form.values.all && (
        <Checkbox.Group label="Events" required {...form.getInputProps('event_types')}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" mt={6}>
            {Object.entries(EVENT_TYPES).map(([type, meaning]) => (
              <Checkbox key={type} value={type} label={type} description={meaning} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
      )}
    </Stack>
  );
}
