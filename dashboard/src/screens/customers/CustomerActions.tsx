import { Button, Menu, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconDots, IconDownload, IconEraser, IconLogout } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { counted } from '../../format/words';
import { CUSTOMERS, type Customer, nameOf } from './queries';

/** What can be done about a customer's account and data. */
export function CustomerActions({ customer }: { customer: Customer }) {
  const write = useMay()('customers:write');
  const [asked, setAsked] = useState<'log-out' | 'erase' | null>(null);
  const close = () => setAsked(null);
  if (customer.erased_at) return null;
  return (
    <>
      <Menu>
        <Menu.Target>
          <Button variant="default" leftSection={<IconDots size={16} aria-hidden />}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component="a"
            href={`/v1/admin/customers/${customer.id}/export`}
            download
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Export their data
          </Menu.Item>
          {write && (
            <>
              <Menu.Item
                leftSection={<IconLogout size={16} aria-hidden />}
                disabled={customer.session_count === 0}
                onClick={() => setAsked('log-out')}
              >
                Log out everywhere…
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item
                color="red"
                leftSection={<IconEraser size={16} aria-hidden />}
                onClick={() => setAsked('erase')}
              >
                Erase their data…
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {asked === 'log-out' && <LogOut customer={customer} onClose={close} />}
      {asked === 'erase' && <Erase customer={customer} onClose={close} />}
    </>
  );
}

interface Props {
  customer: Customer;
  onClose: () => void;
}

function LogOut({ customer, onClose }: Props) {
  const { id, session_count } = customer;
  const logOut = useAction({
    run: () => answer(api.POST('/v1/admin/customers/{id}/sessions/revoke', { params: { path: { id } } })),
    refresh: [CUSTOMERS],
    done: 'They are logged out everywhere.',
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Log ${nameOf(customer)} out everywhere?`}
      opened
      onClose={onClose}
      submit={`Log out on ${counted(session_count, 'device')}`}
      action={logOut}
      onSubmit={() => logOut.mutate()}
    >
      <Text size="sm">Their password stays; they can log in again.</Text>
    </ActionModal>
  );
}

function Erase({ customer, onClose }: Props) {
  const form = useForm({ initialValues: { reason: '', typed: '' } });
  const erase = useAction({
    run: ({ reason }: { reason: string }) =>
      answer(
        api.POST('/v1/admin/customers/{id}/erase', {
          params: { path: { id: customer.id } },
          body: { reason: reason.trim() },
        }),
      ),
    form,
    refresh: [CUSTOMERS, ['orders']],
    done: 'Their data is erased.',
    onDone: onClose,
  });
  const { reason, typed } = form.values;
  const sure = typed.trim().toLowerCase() === customer.email.toLowerCase();
  return (
    <ActionModal
      title="Erase their data for good?"
      opened
      onClose={onClose}
      submit="Erase their data"
      danger
      disabled={!sure || !reason.trim()}
      action={erase}
      fields={['reason']}
      onSubmit={() => erase.mutate(form.values)}
    >
      <Text size="sm">
        The account, its sessions, addresses and e-mails are deleted. Orders keep goods, amounts and
        countries, but no name, address or note; invoices stay as they were issued, as the law wants them
        kept. This cannot be undone.
      </Text>
      <TextInput
        label="Why"
        description="For whoever asks later; without personal data."
        placeholder="Asked for by letter"
        data-autofocus
        {...form.getInputProps('reason')}
      />
      <TextInput
        label={`Type ${customer.email} to go on`}
        autoComplete="off"
        {...form.getInputProps('typed')}
      />
    </ActionModal>
  );
}
