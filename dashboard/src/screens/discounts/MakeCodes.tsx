import {
  Button,
  CopyButton,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCheck, IconCopy, IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { counted } from '../../format/words';
import { saveCodes } from './codeFile';
import { type Code, DISCOUNTS, type Discount } from './queries';

interface Values {
  by: 'random' | 'own';
  count: number | '';
  prefix: string;
  codes: string;
  usage_limit: number | '';
}

const written = (text: string) => text.split(/[\s,;]+/).filter(Boolean);

function bodyOf({ by, count, prefix, codes, usage_limit }: Values): Schemas['NewCodes'] {
  const limit = usage_limit === '' ? null : usage_limit;
  if (by === 'own') return { codes: written(codes), usage_limit: limit };
  return { count: Number(count), prefix: prefix.trim() || null, usage_limit: limit };
}

/** Makes random codes by the hundred, or those that were thought of; then offers them for other programs. */
export function MakeCodes({ discount, onClose }: { discount: Discount; onClose: () => void }) {
  const once = useOnce();
  const [made, setMade] = useState<Code[] | null>(null);
  const form = useForm<Values>({
    initialValues: { by: 'random', count: 100, prefix: '', codes: '', usage_limit: 1 },
  });
  const make = useAction({
    run: (values: Values) => {
      const body = bodyOf(values);
      return once(body, (header) =>
        answer(
          api.POST('/v1/admin/discounts/{id}/codes', {
            params: { path: { id: discount.id }, header },
            body,
          }),
        ),
      );
    },
    form,
    refresh: [DISCOUNTS],
    onDone: ({ data }) => setMade(data),
  });
  if (made) return <Made discount={discount} codes={made} onClose={onClose} />;
  const { by, count, codes } = form.values;
  const asked = by === 'own' ? written(codes).length : Number(count);
  return (
    <ActionModal
      title="Make codes"
      opened
      onClose={onClose}
      submit={`Make ${counted(asked, 'code')}`}
      disabled={asked === 0}
      action={make}
      fields={['count', 'prefix', 'codes', 'usage_limit']}
      onSubmit={() => make.mutate(form.values)}
    >
      <SegmentedControl
        aria-label="Which codes"
        data={[
          { value: 'random', label: 'Random' },
          { value: 'own', label: 'My own' },
        ]}
        {...form.getInputProps('by')}
      />
      {by === 'random' ? (
        <Group grow align="flex-start">
          <NumberInput
            label="How many"
            min={1}
            allowDecimal={false}
            data-autofocus
            {...form.getInputProps('count')}
          />
          <TextInput label="Begin with" placeholder="SPRING-" {...form.getInputProps('prefix')} />
        </Group>
      ) : (
        <Textarea
          label="Codes"
          description="One a line: letters, digits, - and _."
          autosize
          minRows={4}
          maxRows={12}
          data-autofocus
          {...form.getInputProps('codes')}
        />
      )}
      <NumberInput
        label="Orders that may use each"
        description={by === 'random' ? 'Empty: one.' : 'Empty: any number.'}
        min={1}
        allowDecimal={false}
        {...form.getInputProps('usage_limit')}
      />
    </ActionModal>
  );
}

function Made({ discount, codes, onClose }: { discount: Discount; codes: Code[]; onClose: () => void }) {
  const text = codes.map(({ code }) => code).join('\n');
  return (
    <Modal opened onClose={onClose} title={`${counted(codes.length, 'code')} made`}>
      <Stack>
        <Textarea aria-label="The codes" value={text} readOnly autosize minRows={3} maxRows={10} />
        <Group justify="space-between">
          <Group gap="xs">
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button
                  variant="default"
                  leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
                  onClick={copy}
                >
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
            <Button
              variant="default"
              leftSection={<IconDownload size={16} />}
              onClick={() => saveCodes(discount.title, codes)}
            >
              CSV
            </Button>
          </Group>
          <Button onClick={onClose}>Done</Button>
        </Group>
        <Text size="xs" c="dimmed">
          They stay in the list of the discount.
        </Text>
      </Stack>
    </Modal>
  );
}
