import { Grid, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { storeQuery } from '../../api/shop';
import { useAction, useOnce, useUnsaved } from '../../components/actions';
import { SaveBar, shownErrors } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import { DISCOUNT_TYPE, optionsOf } from '../../format/states';
import { CombinationPanel, ConditionsPanel, GiftPanel, TimePanel } from './DiscountFields';
import { type DiscountValues, emptyDiscount, errorsOf, newOf } from './discountForm';
import { DISCOUNTS } from './queries';

interface Values extends DiscountValues {
  /** The first code, when it is given by code. */
  code: string;
}

/** A discount from nothing. */
export function NewDiscountScreen() {
  const store = useQuery(storeQuery);
  return (
    <Page title="New discount" back={<ScreenLink to="/discounts">← Discounts</ScreenLink>}>
      <Loaded query={store}>
        {({ currencies }) => <Form currencies={currencies.map(({ code }) => code)} />}
      </Loaded>
    </Page>
  );
}

function Form({ currencies }: { currencies: string[] }) {
  const navigate = useNavigate();
  const once = useOnce();
  const [created, setCreated] = useState(false);
  const form = useForm<Values>({
    initialValues: { ...emptyDiscount(currencies), code: '' },
    validate: errorsOf,
  });
  useUnsaved(form.isDirty() && !created);
  const create = useAction({
    run: ({ code, ...values }: Values) => {
      const body = newOf(values, code.trim());
      return once(body, (header) => answer(api.POST('/v1/admin/discounts', { params: { header }, body })));
    },
    form,
    refresh: [DISCOUNTS],
    done: ({ title }) => `${title} is created.`,
    onDone: ({ id }) => {
      setCreated(true);
      navigate({ to: '/discounts/$id', params: { id }, ignoreBlocker: true });
    },
  });
  // The panels know a discount's fields, which this form has all of.
  const shared = form as unknown as Parameters<typeof GiftPanel>[0]['form'];
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
      <Stack gap="md">
        <ProblemAlert error={create.error} shown={shownErrors(form)} />
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Stack gap="md">
              <Panel title="About it">
                <Stack gap="sm">
                  <TextInput
                    label="Title"
                    description="Shoppers read it."
                    required
                    {...form.getInputProps('title')}
                  />
                  <Select label="Kind" data={optionsOf(DISCOUNT_TYPE)} {...form.getInputProps('type')} />
                  <SegmentedControl
                    aria-label="How it comes to a cart"
                    data={[
                      { value: 'code', label: 'For a code' },
                      { value: 'automatic', label: 'By itself' },
                    ]}
                    {...form.getInputProps('method')}
                  />
                  {form.values.method === 'code' && (
                    <TextInput
                      label="Code"
                      description="More can be made later."
                      placeholder="SPRING10"
                      {...form.getInputProps('code')}
                    />
                  )}
                </Stack>
              </Panel>
              <GiftPanel form={shared} />
              <ConditionsPanel form={shared} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <TimePanel form={shared} />
              <CombinationPanel form={shared} />
            </Stack>
          </Grid.Col>
        </Grid>
        <SaveBar saving={create.isPending} submit="Create the discount" />
      </Stack>
    </form>
  );
}
