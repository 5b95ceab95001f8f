import { Alert, Button, Group, SimpleGrid, Table, Text, TextInput } from '@mantine/core';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import classes from '../../components/table.module.css';
import { majorUnits, money } from '../../format/money';
import { onSale, type Variant } from './queries';
import { type Draft, errorsOf, onHandText, priceText, type QuickEdit } from './quickEdit';

interface Props {
  edit: QuickEdit;
  currency: string;
  mayPrice: boolean;
  mayStock: boolean;
}

/** A row of fields for each variant on sale, under the name of its product. */
export function EditTable(props: Props) {
  const { products } = props.edit;
  return (
    <Table aria-label="Prices and stock" verticalSpacing={6} horizontalSpacing="xs" fz="sm" layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th className={classes.head} pl="md">
            Variant and SKU
          </Table.Th>
          <Table.Th className={classes.head} w={{ base: 96, sm: 150 }} ta="right">
            Price, {props.currency}
          </Table.Th>
          <Table.Th className={classes.head} w={{ base: 96, sm: 150 }} ta="right" pr="md">
            On hand
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      {products.map((product) => (
        <Table.Tbody key={product.id}>
          <Table.Tr>
            <Table.Th colSpan={3} scope="rowgroup" px="md" pt="sm">
              <ScreenLink to="/products/$id" params={{ id: product.id }} inherit>
                {product.title}
              </ScreenLink>
            </Table.Th>
          </Table.Tr>
          {onSale(product).map((variant) => (
            <VariantRows key={variant.id} {...props} variant={variant} />
          ))}
        </Table.Tbody>
      ))}
    </Table>
  );
}

function VariantRows({ edit, currency, mayPrice, mayStock, variant }: Props & { variant: Variant }) {
  const draft = edit.drafts[variant.id] ?? {};
  const outcome = edit.outcomes[variant.id];
  const errors = errorsOf(draft, variant);
  const change = (patch: Draft) => edit.edit(variant, patch);
  const readOnly = edit.saving || Boolean(outcome?.theirs);
  const derived = variant.derived_prices?.find((price) => price.currency === currency);
  const reserved = variant.inventory?.reserved ?? 0;
  const touched = edit.drafts[variant.id] ? 'var(--mantine-primary-color-light)' : undefined;
  return (
    <>
      <Table.Tr bg={touched} style={{ verticalAlign: 'top' }}>
        <Table.Td pl="md">
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" verticalSpacing={2}>
            <Text fz={{ base: 'xs', sm: 'sm' }} c="dimmed" truncate pt={{ sm: 5 }}>
              {variant.title === 'Default' ? variant.sku : variant.title}
            </Text>
            <TextInput
              size="xs"
              aria-label={`SKU of ${variant.sku}`}
              disabled={!mayPrice}
              readOnly={readOnly}
              value={draft.sku ?? variant.sku}
              error={errors.sku}
              onChange={({ currentTarget }) => change({ sku: currentTarget.value })}
            />
          </SimpleGrid>
        </Table.Td>
        <Table.Td>
          <NarrowGap />
          <TextInput
            size="xs"
            inputMode="decimal"
            aria-label={`Price of ${variant.sku} in ${currency}`}
            placeholder={derived ? majorUnits(derived) : undefined}
            disabled={!mayPrice}
            readOnly={readOnly}
            styles={{ input: { textAlign: 'right' } }}
            value={draft.prices?.[currency] ?? priceText(variant, currency)}
            error={errors[currency]}
            onChange={({ currentTarget }) => change({ prices: { [currency]: currentTarget.value } })}
          />
        </Table.Td>
        <Table.Td pr="md">
          <NarrowGap />
          {variant.inventory?.track_inventory ? (
            <TextInput
              size="xs"
              inputMode="numeric"
              aria-label={`On hand of ${variant.sku}`}
              disabled={!mayStock}
              readOnly={readOnly}
              styles={{ input: { textAlign: 'right' } }}
              description={reserved > 0 ? `${reserved.toLocaleString()} reserved` : undefined}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={draft.on_hand ?? onHandText(variant)}
              error={errors.on_hand}
              onChange={({ currentTarget }) => change({ on_hand: currentTarget.value })}
            />
          ) : (
            <Text size="xs" c="dimmed" ta="right" pt={6}>
              Not counted
            </Text>
          )}
        </Table.Td>
      </Table.Tr>
      {outcome && (
        <Table.Tr>
          <Table.Td colSpan={3} px="md" pb="sm">
            {outcome.theirs ? (
              <Clash draft={draft} theirs={outcome.theirs} settle={edit.settle} />
            ) : (
              <ProblemAlert error={outcome.problem} />
            )}
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

/** Where a row has the variant's name above its SKU, the other fields stand beside the SKU. */
const NarrowGap = () => (
  <Text fz="xs" hiddenFrom="sm" pb={2} aria-hidden>
    &nbsp;
  </Text>
);

interface ClashProps {
  draft: Draft;
  theirs: Variant;
  settle: QuickEdit['settle'];
}

/** What somebody else wrote into a row's fields, and the choice. */
function Clash({ draft, theirs, settle }: ClashProps) {
  const now = [
    draft.sku !== undefined && `SKU ${theirs.sku}`,
    ...Object.keys(draft.prices ?? {}).map((code) => {
      const price = theirs.prices?.find(({ currency }) => currency === code);
      return price ? `price ${money(price)}` : `no price in ${code}`;
    }),
    draft.on_hand !== undefined && `on hand ${onHandText(theirs)}`,
  ].filter(Boolean);
  return (
    <Alert color="orange" role="alert" title="Somebody else changed this meanwhile">
      <Text size="sm">Now: {now.join(', ')}. Your change is not saved yet.</Text>
      <Group gap="xs" mt="xs">
        <Button size="xs" variant="default" onClick={() => settle(theirs, 'keep')}>
          Keep mine
        </Button>
        <Button size="xs" variant="default" onClick={() => settle(theirs, 'drop')}>
          Take theirs
        </Button>
      </Group>
    </Alert>
  );
}
