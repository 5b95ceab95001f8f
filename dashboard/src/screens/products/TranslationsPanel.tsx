import { Stack, Tabs, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { storeQuery } from '../../api/shop';
import { HtmlField } from '../../components/HtmlField';
import { Panel } from '../../components/Page';
import type { FormProps } from './ProductFields';
import { NO_TRANSLATION, type TranslationValues } from './productForm';

const names = new Intl.DisplayNames(undefined, { type: 'language' });

/** The texts in the shop's other languages. What is left empty is shown in its first one. */
export function TranslationsPanel({ form }: FormProps) {
  const store = useQuery(storeQuery).data;
  const others = (store?.locales ?? []).filter((locale) => locale !== store?.default_locale);
  const [first] = others;
  if (!first) return null;
  return (
    <Panel title="Translations">
      <Tabs defaultValue={first} keepMounted={false}>
        <Tabs.List mb="sm">
          {others.map((locale) => (
            <Tabs.Tab key={locale} value={locale}>
              {names.of(locale) ?? locale}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {others.map((locale) => (
          <Tabs.Panel key={locale} value={locale} lang={locale}>
            <Texts form={form} locale={locale} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Panel>
  );
}

function Texts({ form, locale }: FormProps & { locale: string }) {
  const texts = form.values.translations[locale] ?? NO_TRANSLATION;
  const set = (patch: Partial<TranslationValues>) =>
    form.setFieldValue(`translations.${locale}`, { ...texts, ...patch });
  const label = (what: string) => `${what} (${names.of(locale) ?? locale})`;
  return (
    <Stack gap="sm">
      <TextInput
        label={label('Title')}
        placeholder={form.values.title}
        value={texts.title}
        onChange={({ currentTarget }) => set({ title: currentTarget.value })}
      />
      <HtmlField
        label={label('Description')}
        value={texts.description_html}
        onChange={(description_html) => set({ description_html })}
      />
      <TextInput
        label={label('Page title')}
        value={texts.seo_title}
        onChange={({ currentTarget }) => set({ seo_title: currentTarget.value })}
      />
      <Textarea
        label={label('Page description')}
        autosize
        minRows={2}
        value={texts.seo_description}
        onChange={({ currentTarget }) => set({ seo_description: currentTarget.value })}
      />
    </Stack>
  );
}
