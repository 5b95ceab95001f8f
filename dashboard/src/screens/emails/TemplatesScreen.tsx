import { Button, Card, Group, Select } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { Loaded } from '../../components/Loaded';
import { EmailsPage } from './EmailsPage';
import { KIND_OPTIONS } from './kinds';
import { Letter } from './Letter';
import { type EmailKind, localesQuery, previewQuery } from './queries';
import { SendSample } from './SendSample';

const languages = new Intl.DisplayNames(undefined, { type: 'language' });

/** Each kind of e-mail in each language with sample data, and sending such a sample. */
export function TemplatesScreen() {
  const { kind = 'order_confirmation', locale } = useSearch({ from: '/shell/emails/templates' });
  const navigate = useNavigate({ from: '/emails/templates' });
  const may = useMay();
  const preview = useQuery({ ...previewQuery(kind, locale), placeholderData: keepPreviousData });
  const store = useQuery(localesQuery).data;
  const [sending, { open, close }] = useDisclosure(false);
  const change = (patch: { kind?: EmailKind; locale?: string }) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  const shown = locale ?? preview.data?.locale ?? store?.default_locale ?? null;
  return (
    <EmailsPage
      actions={
        may('emails:write') && (
          <Button variant="default" onClick={open}>
            Send a sample
          </Button>
        )
      }
    >
      <Card withBorder padding="md">
        <Group gap="sm">
          <Select
            label="E-mail"
            data={KIND_OPTIONS}
            value={kind}
            onChange={(chosen) => change({ kind: (chosen as EmailKind | null) ?? undefined })}
            searchable
            w={260}
          />
          <Select
            label="Language"
            data={(store?.locales ?? []).map((value) => ({ value, label: languages.of(value) ?? value }))}
            value={shown}
            onChange={(chosen) => change({ locale: chosen ?? undefined })}
            w={180}
          />
        </Group>
      </Card>
      <Loaded query={preview}>{({ content }) => <Letter content={content} />}</Loaded>
      {sending && <SendSample kind={kind} locale={shown} onClose={close} />}
    </EmailsPage>
  );
}
