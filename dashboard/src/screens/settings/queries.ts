import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Zone = Schemas['ShippingZone'];
export type ShippingSettings = Schemas['ShippingSettingsDocument'];
export type TaxSettings = Schemas['TaxSettingsDocument'];
export type CurrencySettings = Schemas['CurrencySettingsDocument'];
export type InvoiceSettings = Schemas['InvoiceSettingsDocument'];
export type InventorySettings = Schemas['InventorySettingsDocument'];

/** What all queries about settings begin with. */
export const SETTINGS = ['settings'];

/** What shoppers are told of the shop follows from its settings. */
export const REFRESH = [SETTINGS, ['store']];

export const zonesQuery = queryOptions({
  queryKey: [...SETTINGS, 'zones'],
  queryFn: () => answer(api.GET('/v1/admin/shipping-zones')),
});

export const zoneQuery = (id: string) =>
  queryOptions({
    queryKey: [...SETTINGS, 'zones', id],
    queryFn: () => answer(api.GET('/v1/admin/shipping-zones/{id}', { params: { path: { id } } })),
  });

export const shippingQuery = queryOptions({
  queryKey: [...SETTINGS, 'shipping'],
  queryFn: () => answer(api.GET('/v1/admin/shipping-settings')),
});

export const taxQuery = queryOptions({
  queryKey: [...SETTINGS, 'tax'],
  queryFn: () => answer(api.GET('/v1/admin/tax-settings')),
});

export const currencyQuery = queryOptions({
  queryKey: [...SETTINGS, 'currencies'],
  queryFn: () => answer(api.GET('/v1/admin/currency-settings')),
});

export const ratesQuery = queryOptions({
  queryKey: [...SETTINGS, 'rates'],
  queryFn: () => answer(api.GET('/v1/admin/exchange-rates')),
});

export const invoiceQuery = queryOptions({
  queryKey: [...SETTINGS, 'invoices'],
  queryFn: () => answer(api.GET('/v1/admin/invoice-settings')),
});

export const inventoryQuery = queryOptions({
  queryKey: [...SETTINGS, 'inventory'],
  queryFn: () => answer(api.GET('/v1/admin/inventory-settings')),
});
