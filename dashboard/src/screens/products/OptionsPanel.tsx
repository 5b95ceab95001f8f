import { ActionIcon, Button, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { Schemas } from '../../api/client';
import { Panel } from '../../components/Page';
import type { FormProps } from './ProductFields';
import { onSale, type Product } from './queries';

/** What the variants of a product differ in. While variants are on sale, values can be added and put in order. */
export function OptionsPanel({ form, product }: FormProps & { product: Product }) {
  const variants = onSale(product);
  const only = variants.length > 0 && product.options.length === 0;
  if (only) {
    return (
      <Panel title="Options">
        <Text size="sm" c="dimmed">
          It is sold in one variant. To sell it in sizes or colours, take that variant off sale first; its
          stock and its SKU stay with it.
        </Text>
      </Panel>
    );
  }
  return (
    <Panel title="Options">
      <OptionsFields form={form} fixed={variants.length > 0} />
    </Panel>
  );
}

interface FieldsProps {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has options
  form: UseFormReturnType<any>;
  /** Whether variants have these options, so that their names stay. */
  fixed?: boolean;
}

/** Up to three options with their values. */
export function OptionsFields({ form, fixed = false }: FieldsProps) {
  const options: Schemas['ProductOption'][] = form.values.options;
  return (
    <Stack gap="sm">
      {options.map(({ name }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: options have no identity but their place
        <Group key={index} gap="xs" align="flex-start">
          <TextInput
            label="Option"
            placeholder="Size"
            w={{ base: '100%', xs: 160 }}
            readOnly={fixed}
            variant={fixed ? 'filled' : undefined}
            {...form.getInputProps(`options.${index}.name`)}
          />
          <TagsInput
            label={name ? `Values of ${name}` : 'Values'}
            placeholder="Enter a value"
            flex={1}
            miw={200}
            splitChars={[',', ';']}
            {...form.getInputProps(`options.${index}.values`)}
          />
          {!fixed && (
            <ActionIcon
              variant="subtle"
              color="gray"
              mt={28}
              aria-label={`Remove the option ${name || index + 1}`}
              onClick={() => form.removeListItem('options', index)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {!fixed && options.length < 3 && (
        <Group>
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => form.insertListItem('options', { name: '', values: [] })}
          >
            Add an option
          </Button>
        </Group>
      )}
      {fixed && (
        <Text size="xs" c="dimmed">
          Add values here, then make the variants that are missing below.
        </Text>
      )}
    </Stack>
  );
}
