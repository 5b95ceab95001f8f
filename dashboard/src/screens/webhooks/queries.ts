import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Endpoint = Schemas['WebhookEndpoint'];
export type Delivery = Schemas['WebhookDelivery'];
export type WantedEvent = Schemas['WantedEvent'];

/** What all queries about what other systems are told begin with. */
export const WEBHOOKS = ['webhooks'];

/** Every event that can be wanted, but for `*`, which is all of them. */
export const EVENT_TYPES: Record<Schemas['EventType'], string> = {
  'order.paid': 'An order was paid',
  'order.payment_pending': 'A payment is on its way',
  'order.cancelled': 'An order was cancelled',
  'order.fulfilled': 'Items were shipped',
  'fulfillment.in_transit': 'A parcel is on its way',
  'fulfillment.delivered': 'A parcel was delivered',
  'fulfillment.failed': 'A parcel could not be delivered',
  'fulfillment.returned': 'A parcel came back',
  'fulfillment.cancelled': 'A shipment was called off',
  'order.disputed': 'A payment was disputed',
  'refund.created': 'A refund was asked for',
  'refund.succeeded': 'A refund went through',
  'refund.failed': 'A refund failed',
  'checkout.expired': 'A checkout was left unpaid',
  'inventory.low_stock': 'Stock runs low',
  'inventory.out_of_stock': 'Something is sold out',
  'inventory.restocked': 'Something is in stock again',
  'alert.raised': 'Something needs a person',
};

export const endpointsQuery = queryOptions({
  queryKey: [...WEBHOOKS, 'endpoints'],
  queryFn: () => answer(api.GET('/v1/admin/webhook-endpoints')),
});

export const endpointQuery = (id: string) =>
  queryOptions({
    queryKey: [...WEBHOOKS, 'endpoint', id],
    queryFn: () => answer(api.GET('/v1/admin/webhook-endpoints/{id}', { params: { path: { id } } })),
  });

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: [...WEBHOOKS, 'delivery', id],
    queryFn: () => answer(api.GET('/v1/admin/webhook-deliveries/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.status === 'pending' ? 3000 : false),
  });

export const replayDelivery = (id: string) =>
  answer(api.POST('/v1/admin/webhook-deliveries/{id}/replay', { params: { path: { id } } }));

/** What an endpoint wants, in a few words. */
export const wantedOf = ({ event_types }: Pick<Endpoint, 'event_types'>) =>
  event_types.includes('*') ? 'All events' : event_types.join(', ');
