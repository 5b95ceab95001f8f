import { MultiSelect, Select, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { collectionChoices } from '../../api/shop';
import { HtmlField } from '../../components/HtmlField';
import { Panel } from '../../components/Page';
import { PairsField } from '../../components/PairsField';
import { optionsOf, PRODUCT } from '../../format/states';
import type { ProductValues } from './productForm';

export interface FormProps {
  form: UseFormReturnType<ProductValues>;
}

/** What the product is called and what is said about it. */
export function DescriptionPanel({ form }: FormProps) {
  return (
    <Panel title="About it">
      <Stack gap="sm">
        <TextInput label="Title" required {...form.getInputProps('title')} />
        <HtmlField label="Description" {...form.getInputProps('description_html')} />
      </Stack>
    </Panel>
  );
}

/** Whether shoppers see it, and where. */
export function StatusPanel({ form, archived = false }: FormProps & { archived?: boolean }) {
  const states = optionsOf(PRODUCT).filter(({ value }) => archived || value !== 'archived');
  const hint = {
    draft: 'Only staff see it.',
    active: 'Shoppers see it and can buy it.',
    archived: 'It is off sale; old orders still name it.',
  }[form.values.status];
  return (
    <Panel title="Visibility">
      <Stack gap="sm">
        <Select label="Status" description={hint} data={states} {...form.getInputProps('status')} />
        <TextInput
          label="Address"
          description="Its name in the shop's addresses. The old one goes on leading here."
          placeholder="Made from the title"
          {...form.getInputProps('slug')}
        />
      </Stack>
    </Panel>
  );
}

/** Where it belongs. */
export function OrganisationPanel({ form }: FormProps) {
  const collections = useQuery(collectionChoices).data ?? [];
  return (
    <Panel title="Organisation">
      <Stack gap="sm">
        <MultiSelect
          label="Collections"
          placeholder={form.values.collections.length === 0 ? 'In none' : undefined}
          searchable
          nothingFoundMessage="No such collection"
          data={collections.map(({ id, title }) => ({ value: id, label: title }))}
          {...form.getInputProps('collections')}
        />
        <TextInput label="Type" {...form.getInputProps('product_type')} />
        <TextInput label="Vendor" {...form.getInputProps('vendor')} />
        <TagsInput label="Tags" clearable {...form.getInputProps('tags')} />
        <TextInput
          label="Category"
          description="Its place in a public taxonomy, such as Google's."
          {...form.getInputProps('category')}
        />
        <TextInput
          label="Tax code"
          description="Empty: the shop's own."
          placeholder="txcd_99999999"
          {...form.getInputProps('tax_code')}
        />
      </Stack>
    </Panel>
  );
}

/** What search engines show. */
export function SeoPanel({ form }: FormProps) {
  const { title, description } = form.values.seo;
  return (
    <Panel title="Search engines">
      <Stack gap="sm">
        <TextInput
          label="Page title"
          placeholder={form.values.title}
          description={`${title.length} characters; about 60 are shown.`}
          {...form.getInputProps('seo.title')}
        />
        <Textarea
          label="Page description"
          autosize
          minRows={2}
          description={`${description.length} characters; about 160 are shown.`}
          {...form.getInputProps('seo.description')}
        />
      </Stack>
    </Panel>
  );
}

/** The shop's own data. */
export function MetadataPanel({ form }: FormProps) {
  return (
    <Panel title="Metadata">
      <Text size="xs" c="dimmed" mb="xs">
        For other systems. Shoppers' pages get it too.
      </Text>
      <PairsField label="Metadata" {...form.getInputProps('metadata')} />
    </Panel>
  );
}
