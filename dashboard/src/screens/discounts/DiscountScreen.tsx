import { Grid, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { storeQuery } from '../../api/shop';
import { DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { DISCOUNT_TYPE } from '../../format/states';
import { counted } from '../../format/words';
import { Codes } from './Codes';
import { DeleteDiscount } from './DeleteDiscount';
import { CombinationPanel, ConditionsPanel, GiftPanel, TimePanel } from './DiscountFields';
import { Standing } from './DiscountsScreen';
import { type DiscountValues, errorsOf, LABELS, patchOf, valuesFor } from './discountForm';
import { DISCOUNTS, type Discount, discountQuery, giftText } from './queries';

/** One discount: what it gives, when, and its codes. */
export function DiscountScreen() {
  const { id } = useParams({ from: '/shell/discounts/$id' });
  const query = useQuery(discountQuery(id));
  const store = useQuery(storeQuery);
  return (
    <Loaded query={store}>
      {({ currencies }) => (
        <Loaded query={query}>
          {(discount) => (
            <Editor key={discount.id} discount={discount} currencies={currencies.map(({ code }) => code)} />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function Editor({ discount, currencies }: { discount: Discount; currencies: string[] }) {
  const may = useMay()('discounts:write');
  const client = useQueryClient();
  const toValues = valuesFor(currencies);
  const of = useDocumentForm<Discount, DiscountValues>({
    document: discount,
    toValues,
    validate: errorsOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/discounts/{id}', {
          params: { path: { id: base.id }, header: ifMatch(base.version) },
          body: patchOf(values, toValues(base)),
        }),
      ),
    read: () => client.fetchQuery({ ...discountQuery(discount.id), staleTime: 0 }),
    refresh: [DISCOUNTS],
    done: 'The discount is saved.',
    labels: LABELS,
  });
  const { form } = of;
  return (
    <Page
      title={discount.title}
      back={<ScreenLink to="/discounts">← Discounts</ScreenLink>}
      beside={<Standing discount={discount} />}
      below={`${giftText(discount)} · used by ${counted(discount.times_used, 'order')}`}
      actions={may && <DeleteDiscount discount={discount} />}
    >
      {discount.method === 'code' && <Codes discount={discount} />}
      <DocumentForm of={of} may={may}>
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Stack gap="md">
              <Panel title="About it">
                <TextInput
                  label="Title"
                  description={`Shoppers read it. Kind: ${DISCOUNT_TYPE[discount.type].label}, ${
                    discount.method === 'code' ? 'for a code' : 'by itself'
                  }.`}
                  required
                  {...form.getInputProps('title')}
                />
              </Panel>
              <GiftPanel form={form} />
              <ConditionsPanel form={form} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <TimePanel form={form} />
              <CombinationPanel form={form} />
            </Stack>
          </Grid.Col>
        </Grid>
      </DocumentForm>
    </Page>
  );
}
