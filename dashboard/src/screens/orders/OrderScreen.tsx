import { Grid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { Loaded } from '../../components/Loaded';
import { Page } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { DISPUTE, FULFILLMENT, ORDER, PAYMENT } from '../../format/states';
import { OrderActions } from './OrderActions';
import { OrderEmails } from './OrderEmails';
import { OrderInvoices } from './OrderInvoices';
import { OrderLines } from './OrderLines';
import { OrderNotes } from './OrderNotes';
import { OrderPayment } from './OrderPayment';
import { OrderPeople } from './OrderPeople';
import { OrderTimeline } from './OrderTimeline';
import { OrderDeliveries, OrderReceived } from './OrderWebhooks';
import { nameOf, type Order, orderQuery } from './queries';
import { Shipments } from './Shipments';

/** Everything about one order, and what can be done with it. */
export function OrderScreen() {
  const { id } = useParams({ from: '/shell/orders/$id' });
  const query = useQuery(orderQuery(id));
  return <Loaded query={query}>{(order) => <Details order={order} />}</Loaded>;
}

function Details({ order }: { order: Order }) {
  const may = useMay();
  return (
    <Page
      title={nameOf(order)}
      back={<ScreenLink to="/orders">← Orders</ScreenLink>}
      beside={<States order={order} />}
      below={<Time at={order.placed_at} />}
      actions={<OrderActions order={order} />}
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <OrderLines order={order} />
            <Shipments order={order} />
            <OrderTimeline order={order} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <OrderPayment order={order} />
            <OrderPeople order={order} />
            <OrderNotes order={order} />
            {may('emails:read') && <OrderEmails order={order} />}
            <OrderInvoices order={order} />
            {may('inbox:read') && <OrderReceived order={order} />}
            {may('webhooks:read') && <OrderDeliveries order={order} />}
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function States({ order }: { order: Order }) {
  return (
    <>
      <State of={ORDER} value={order.status} />
      <State of={PAYMENT} value={order.payment_status} />
      {order.status !== 'cancelled' && <State of={FULFILLMENT} value={order.fulfillment_status} />}
      {order.dispute_status !== 'none' && <State of={DISPUTE} value={order.dispute_status} />}
    </>
  );
}
