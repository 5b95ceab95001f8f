import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type ListedEmail = Schemas['ListedEmail'];
export type EmailKind = Schemas['EmailKind'];

/** What all queries about e-mails begin with. */
export const EMAILS = ['emails'];

export const emailQuery = (id: string) =>
  queryOptions({
    queryKey: [...EMAILS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/emails/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.status === 'queued' ? 3000 : false),
  });

export const previewQuery = (kind: EmailKind, locale: string | undefined) =>
  queryOptions({
    queryKey: [...EMAILS, 'preview', kind, locale],
    queryFn: () =>
      answer(api.GET('/v1/admin/email-templates/{kind}', { params: { path: { kind }, query: { locale } } })),
  });

/** The languages that the shop speaks. */
export const localesQuery = queryOptions({
  queryKey: ['store', 'locales'],
  queryFn: () => answer(api.GET('/v1/store')),
  staleTime: Number.POSITIVE_INFINITY,
  select: ({ locales, default_locale }) => ({ locales, default_locale }),
});
