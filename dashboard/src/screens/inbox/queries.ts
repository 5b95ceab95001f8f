import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type InboxEvent = Schemas['InboxEvent'];

/** What all queries about what providers send begin with. */
export const INBOX = ['inbox'];

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: [...INBOX, 'event', id],
    queryFn: () => answer(api.GET('/v1/admin/inbox/events/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.status === 'pending' ? 3000 : false),
  });

export const retryEvent = (id: string) =>
  answer(api.POST('/v1/admin/inbox/events/{id}/retry', { params: { path: { id } } }));

export const discardEvent = (id: string, reason: string) =>
  answer(api.POST('/v1/admin/inbox/events/{id}/discard', { params: { path: { id } }, body: { reason } }));

/** What took its effect is not processed again. */
export const canRetry = ({ status }: InboxEvent) => status !== 'processed';

export const canDiscard = ({ status }: InboxEvent) => status === 'dead' || status === 'pending';
