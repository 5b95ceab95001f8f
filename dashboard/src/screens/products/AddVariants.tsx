import { Checkbox, NumberInput, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { storeQuery } from '../../api/shop';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { MoneyInput, noAmount } from '../../components/MoneyInput';
import { majorUnits, minorUnits } from '../../format/money';
import { counted } from '../../format/words';
import { type Combination, skuFor, stemOf, titleOf } from './matrix';
import { onSale, ownThreshold, PRODUCTS, type Product } from './queries';

interface Row {
  option_values: Combination;
  wanted: boolean;
  sku: string;
  price: string;
  on_hand: number;
}

interface Props {
  product: Product;
  /** What is missing; empty for a product without options. */
  combinations: Combination[];
  onClose: () => void;
}

/** Makes variants of the combinations that are missing, like the first one: its prices, weight and customs data. */
export function AddVariants({ product, combinations, onClose }: Props) {
  const currency = useQuery(storeQuery).data?.default_currency ?? product.currencies[0] ?? 'EUR';
  const like = onSale(product)[0];
  const price = like?.prices?.find((given) => given.currency === currency);
  const stem = stemOf(
    onSale(product).map(({ sku }) => sku),
    product.slug,
  );
  const form = useForm<{ rows: Row[] }>({
    initialValues: {
      rows: (combinations.length > 0 ? combinations : [{}]).map((option_values) => ({
        option_values,
        wanted: true,
        sku: skuFor(stem, option_values),
        price: price ? majorUnits(price) : '',
        on_hand: 0,
      })),
    },
    validate: {
      rows: {
        sku: (sku, { rows }, path) =>
          rows[Number(path.split('.')[1])]?.wanted && !sku.trim() ? 'Give it a SKU.' : null,
        price: (text, { rows }, path) =>
          rows[Number(path.split('.')[1])]?.wanted && minorUnits(text, currency) === null
            ? noAmount(currency)
            : null,
      },
    },
  });
  const wanted = form.values.rows.filter((row) => row.wanted);
  const add = useAction({
    run: async (rows: Row[]) => {
      // One after the other, as each changes the product; those that were made are not asked for again.
      for (const [index, row] of rows.entries()) {
        if (!row.wanted) continue;
        await create(product, bodyOf(row, currency, like)).catch((error) => {
          form.setFieldError(`rows.${index}.sku`, Problem.from(error).errors[0]?.detail);
          throw error;
        });
        form.setFieldValue(`rows.${index}.wanted`, false);
      }
    },
    refresh: [PRODUCTS],
    done: `${counted(wanted.length, 'variant')} added.`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title="Add variants"
      size="xl"
      opened
      onClose={onClose}
      submit={`Add ${counted(wanted.length, 'variant')}`}
      disabled={wanted.length === 0}
      action={add}
      onSubmit={() => !form.validate().hasErrors && add.mutate(form.values.rows)}
    >
      {like && (
        <Text size="sm" c="dimmed">
          Prices in other currencies, weight, size and customs data are taken from {like.title}.
        </Text>
      )}
      <Table.ScrollContainer minWidth={540} type="native">
        <Table aria-label="Variants to add" fz="sm" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Variant</Table.Th>
              <Table.Th>SKU</Table.Th>
              <Table.Th w={150}>Price</Table.Th>
              <Table.Th w={100}>In stock</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {form.values.rows.map(({ option_values, wanted: ticked }, index) => {
              const title = titleOf(option_values) || 'Default';
              return (
                <Table.Tr key={title}>
                  <Table.Td>
                    <Checkbox
                      label={title}
                      size="xs"
                      {...form.getInputProps(`rows.${index}.wanted`, { type: 'checkbox' })}
                    />
                  </Table.Td>
                  <Table.Td>
                    <TextInput
                      aria-label={`SKU of ${title}`}
                      disabled={!ticked}
                      {...form.getInputProps(`rows.${index}.sku`)}
                    />
                  </Table.Td>
                  <Table.Td>
                    <MoneyInput
                      currency={currency}
                      aria-label={`Price of ${title}`}
                      disabled={!ticked}
                      {...form.getInputProps(`rows.${index}.price`)}
                    />
                  </Table.Td>
                  <Table.Td>
                    <NumberInput
                      aria-label={`In stock of ${title}`}
                      min={0}
                      allowDecimal={false}
                      disabled={!ticked}
                      {...form.getInputProps(`rows.${index}.on_hand`)}
                    />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </ActionModal>
  );
}

const create = (product: Product, body: Schemas['NewVariant']) =>
  answer(api.POST('/v1/admin/products/{id}/variants', { params: { path: { id: product.id } }, body }));

function bodyOf(row: Row, currency: string, like: Product['variants'][number] | undefined) {
  const amount = minorUnits(row.price, currency) ?? 0;
  const others = (like?.prices ?? []).filter((price) => price.currency !== currency);
  return {
    sku: row.sku.trim(),
    option_values: row.option_values,
    prices: [{ currency, amount }, ...others],
    on_hand: Number(row.on_hand) || 0,
    weight_grams: like?.weight_grams,
    dimensions_mm: like?.dimensions_mm,
    hs_code: like?.hs_code,
    origin_country: like?.origin_country,
    requires_shipping: like?.requires_shipping,
    taxable: like?.taxable,
    unit_cost: like?.unit_cost,
    track_inventory: like?.inventory?.track_inventory,
    allow_backorder: like?.inventory?.allow_backorder,
    low_stock_threshold: like && ownThreshold(like),
  } satisfies Schemas['NewVariant'];
}
