import { Button, Stack } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { Empty, Panel } from '../../components/Page';
import { BuyLabel } from './BuyLabel';
import { EditTracking } from './EditTracking';
import { FulfillOrder } from './FulfillOrder';
import { canShip, type Order } from './queries';
import { ShipmentCard } from './ShipmentCard';

export type Shipment = Order['fulfillments'][number];

/** What was sent of an order, where it is, and what can be done about it. */
export function Shipments({ order }: { order: Order }) {
  const may = useMay();
  const [open, setOpen] = useState<{ dialog: 'tracking' | 'label'; id: string } | 'ship' | null>(null);
  const close = () => setOpen(null);
  const shipment = order.fulfillments.find(({ id }) => open && open !== 'ship' && open.id === id);
  const shippable = canShip(order) && may('fulfillments:write');
  return (
    <Panel
      title="Shipments"
      action={
        shippable && (
          <Button size="xs" onClick={() => setOpen('ship')}>
            Ship items
          </Button>
        )
      }
    >
      {order.fulfillments.length === 0 && (
        <Empty title="Nothing was sent yet">
          {shippable
            ? 'Ship the items to record a parcel, buy its label and print its packing slip.'
            : undefined}
        </Empty>
      )}
      <Stack>
        {order.fulfillments.map((one) => (
          <ShipmentCard
            key={one.id}
            order={order}
            shipment={one}
            onEditTracking={() => setOpen({ dialog: 'tracking', id: one.id })}
            onBuyLabel={() => setOpen({ dialog: 'label', id: one.id })}
          />
        ))}
      </Stack>
      {open === 'ship' && <FulfillOrder order={order} onClose={close} />}
      {shipment && open !== 'ship' && open?.dialog === 'tracking' && (
        <EditTracking order={order} shipment={shipment} onClose={close} />
      )}
      {shipment && open !== 'ship' && open?.dialog === 'label' && (
        <BuyLabel order={order} shipment={shipment} onClose={close} />
      )}
    </Panel>
  );
}
