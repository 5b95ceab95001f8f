import { Button, Card, Checkbox, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { storeQuery } from '../../api/shop';
import { type Column, DataTable } from '../../components/DataTable';
import { Empty, Panel } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Amount, State } from '../../components/Told';
import { AVAILABILITY } from '../../format/states';
import { AddVariants } from './AddVariants';
import { combinations, keyOf } from './matrix';
import { onSale, type Product, stockOf, type Variant } from './queries';

interface Props {
  product: Product;
  /** Whether options were edited and not saved yet. */
  unsavedOptions: boolean;
}

/** What is bought: a row for each variant, and the way to those that are missing. */
export function VariantsPanel({ product, unsavedOptions }: Props) {
  const may = useMay();
  const [archived, setArchived] = useState(false);
  const [adding, { open, close }] = useDisclosure(false);
  const currency = useQuery(storeQuery).data?.default_currency ?? product.currencies[0];
  const selling = onSale(product);
  const rows = archived ? product.variants : selling;
  const off = product.variants.length - selling.length;
  const missing = missingOf(product);
  const addable = product.options.length > 0 ? missing.length > 0 : selling.length === 0;
  return (
    <Panel
      title="Variants"
      action={
        may('products:write') &&
        addable && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            disabled={unsavedOptions}
            onClick={open}
          >
            {product.options.length > 0 ? `Add ${missing.length} missing` : 'Add a variant'}
          </Button>
        )
      }
    >
      {unsavedOptions && (
        <Text size="xs" c="dimmed" pb="xs">
          Save the options to make the variants that they add.
        </Text>
      )}
      {rows.length === 0 ? (
        <Empty title="Nothing can be bought yet">Add a variant, with a price and a SKU.</Empty>
      ) : (
        <Card.Section>
          <DataTable
            label="Variants"
            rows={rows}
            columns={columnsFor(product, currency)}
            nameOf={({ title }) => title}
          />
        </Card.Section>
      )}
      {off > 0 && (
        <Checkbox
          mt="sm"
          size="xs"
          label={`Show ${off} off sale`}
          checked={archived}
          onChange={({ currentTarget }) => setArchived(currentTarget.checked)}
        />
      )}
      {adding && <AddVariants product={product} combinations={missing} onClose={close} />}
    </Panel>
  );
}

/** The combinations of values that no variant on sale has. */
function missingOf(product: Product) {
  const there = new Set(onSale(product).map(({ option_values }) => keyOf(option_values)));
  return combinations(product.options).filter((combination) => !there.has(keyOf(combination)));
}

const columnsFor = (product: Product, currency: string | undefined): Column<Variant>[] => [
  {
    key: 'title',
    label: 'Variant',
    cell: ({ id, title, sku }) => (
      <>
        <RowLink to="/products/$id/variants/$variantId" params={{ id: product.id, variantId: id }}>
          {title}
        </RowLink>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {sku}
        </Text>
      </>
    ),
  },
  { key: 'sku', label: 'SKU', from: 'sm', cell: ({ sku }) => sku },
  {
    key: 'availability',
    label: 'State',
    from: 'xs',
    cell: ({ archived_at, availability }) =>
      archived_at ? (
        <Text component="span" inherit c="dimmed">
          Off sale
        </Text>
      ) : (
        <State of={AVAILABILITY} value={availability} />
      ),
  },
  { key: 'stock', label: 'Available', align: 'right', cell: stockOf },
  {
    key: 'price',
    label: 'Price',
    align: 'right',
    cell: ({ prices = [] }) => {
      const price = prices.find((given) => given.currency === currency) ?? prices[0];
      return price ? <Amount value={price} /> : '–';
    },
  },
];
