import { Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useAction, useOnce, useUnsaved } from '../../components/actions';
import { SaveBar, shownErrors } from '../../components/documentForm';
import { Page } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import { REFRESH } from './queries';
import { PlacePanel, RatesPanel } from './ZoneFields';
import { bodyOf, EMPTY_ZONE, errorsOf, type ZoneValues } from './zoneForm';

/** A zone from nothing. */
export function NewZoneScreen() {
  const navigate = useNavigate();
  const once = useOnce();
  const [created, setCreated] = useState(false);
  const form = useForm<ZoneValues>({ initialValues: EMPTY_ZONE, validate: errorsOf });
  useUnsaved(form.isDirty() && !created);
  const create = useAction({
    run: (values: ZoneValues) => {
      const body = bodyOf(values);
      return once(body, (header) =>
        answer(api.POST('/v1/admin/shipping-zones', { params: { header }, body })),
      );
    },
    form,
    refresh: REFRESH,
    done: ({ name }) => `${name} is created.`,
    onDone: () => {
      setCreated(true);
      navigate({ to: '/settings/shipping', ignoreBlocker: true });
    },
  });
  return (
    <Page title="New shipping zone" back={<ScreenLink to="/settings/shipping">← Shipping</ScreenLink>}>
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack gap="md">
          <ProblemAlert error={create.error} shown={shownErrors(form)} />
          <PlacePanel form={form} />
          <RatesPanel form={form} />
          <SaveBar saving={create.isPending} submit="Create the zone" />
        </Stack>
      </form>
    </Page>
  );
}
