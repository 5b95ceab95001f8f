import { Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import { sessionQuery } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { kindName } from './kinds';
import { EMAILS, type EmailKind } from './queries';

interface Props {
  kind: EmailKind;
  locale: string | null;
  onClose: () => void;
}

/** Sends a kind of e-mail with sample data, at first to whoever asks for it. */
export function SendSample({ kind, locale, onClose }: Props) {
  const once = useOnce();
  const me = useQuery(sessionQuery).data?.session?.staff.email ?? '';
  const form = useForm({
    initialValues: { recipient: me },
    validate: { recipient: (recipient) => (recipient.trim() ? null : 'Enter an address.') },
  });
  const send = useAction({
    run: ({ recipient }: { recipient: string }) => {
      const body = { recipient: recipient.trim(), locale };
      return once({ kind, ...body }, (header) =>
        answer(
          api.POST('/v1/admin/email-templates/{kind}/test', { params: { path: { kind }, header }, body }),
        ),
      );
    },
    form,
    refresh: [EMAILS],
    done: ({ recipient }) => `The sample goes to ${recipient}.`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Send “${kindName(kind)}” as a sample`}
      opened
      onClose={onClose}
      submit="Send the sample"
      action={send}
      fields={['recipient']}
      onSubmit={() => !form.validate().hasErrors && send.mutate(form.values)}
    >
      <Text size="sm">It has sample data in the place of a real order.</Text>
      <TextInput
        label="Recipient"
        type="email"
        required
        data-autofocus
        {...form.getInputProps('recipient')}
      />
    </ActionModal>
  );
}
