import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import type { QueryKey } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { useAction, useUnsaved } from './actions';
import classes from './form.module.css';
import { ProblemAlert } from './ProblemAlert';
import { type ComparedField, ConflictModal, useVersioned } from './versions';

// biome-ignore lint/suspicious/noExplicitAny: what Mantine's forms ask of their values
type Values = Record<string, any>;

interface Options<D, V> {
  /** As it was read last. */
  document: D;
  toValues: (document: D) => V;
  validate?: (values: V) => Record<string, string | null>;
  /** Sends what is to be changed, as a change of this document. */
  send: (values: V, base: D) => Promise<D>;
  /** The document as it is now. */
  read: () => Promise<D>;
  refresh: QueryKey[];
  done: string;
  /** What people call the fields that two versions may differ in. */
  labels: Partial<Record<keyof V & string, string>>;
}

/**
 * The form of a document with versions. It stands on the version that it was filled from: when the document is read
 * anew, an untouched form follows and an edited one stays; when it was changed meanwhile, both versions are shown.
 */
export function useDocumentForm<D extends { version: number }, V extends Values>(options: Options<D, V>) {
  const { document, toValues, validate, send, read, refresh, done, labels } = options;
  const [base, setBase] = useState(document);
  const form = useForm<V>({ initialValues: toValues(document), validate });
  const dirty = form.isDirty();
  const rebase = (to: D) => {
    const values = toValues(to);
    setBase(to);
    form.setInitialValues(values);
    form.setValues(values);
    form.resetDirty(values);
    form.clearErrors();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a newer document moves the form
  useEffect(() => {
    if (!dirty && document.version !== base.version) rebase(document);
  }, [document.version]);
  const versioned = useVersioned<D, V>({
    send: (values, version) => send(values, { ...base, version }),
    read,
  });
  const save = useAction<{ values: V; version: number }, unknown>({
    run: versioned.save,
    form,
    refresh,
    done,
    onDone: (saved) => rebase(saved as D),
  });
  const fields = Object.entries(labels).map(([key, label]): ComparedField<V> => {
    return { label: label ?? key, of: (values) => told(values[key]) };
  });
  const keepMine = (values: V, theirs: D) => save.mutate({ values, version: theirs.version });
  const submit = form.onSubmit((values) => save.mutate({ values, version: base.version }));
  return { form, base, dirty, save, submit, rebase, versioned, fields, toValues, keepMine };
}

/** A value as two versions of it are compared. */
function told(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join(', ');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return value === null || value === undefined ? '' : String(value);
}

interface Props<D extends { version: number }, V extends Values> {
  of: ReturnType<typeof useDocumentForm<D, V>>;
  /** Whether the person may change it at all. */
  may?: boolean;
  children: ReactNode;
}

/** The form on its page: its fields, the bar that saves, what went wrong, and both versions when there are two. */
export function DocumentForm<D extends { version: number }, V extends Values>({
  of,
  may = true,
  children,
}: Props<D, V>) {
  const { form, base, dirty, save, submit, rebase, versioned, fields, toValues, keepMine } = of;
  useUnsaved(may && dirty);
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <ProblemAlert
          error={versioned.conflict ? null : save.error}
          shown={shownErrors(form as unknown as UseFormReturnType<Values>)}
        />
        <fieldset disabled={!may} className={classes.fields}>
          {children}
        </fieldset>
        {may && dirty && <SaveBar saving={save.isPending} onDiscard={() => rebase(base)} />}
      </Stack>
      <ConflictModal
        conflict={versioned.conflict}
        toValues={toValues}
        fields={fields}
        onKeepMine={keepMine}
        onTakeTheirs={(theirs) => {
          versioned.dismiss();
          save.reset();
          rebase(theirs);
        }}
        onClose={versioned.dismiss}
      />
    </form>
  );
}

/** The fields that show an error themselves. */
export const shownErrors = (form: Pick<UseFormReturnType<Values>, 'errors' | 'getInputNode'>) =>
  Object.keys(form.errors).filter((path) => document.querySelector(`[data-path="${CSS.escape(path)}"]`));

/** Stays in sight while there is something to save. */
export function SaveBar({
  saving,
  onDiscard,
  submit = 'Save',
}: {
  saving: boolean;
  onDiscard?: () => void;
  submit?: string;
}) {
  return (
    <Paper withBorder shadow="md" p="xs" pl="md" className={classes.bar} role="region" aria-label="Unsaved">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={550}>
          Unsaved changes
        </Text>
        <Group gap="xs">
          {onDiscard && (
            <Button variant="default" size="xs" onClick={onDiscard} disabled={saving}>
              Discard
            </Button>
          )}
          <Button type="submit" size="xs" loading={saving}>
            {submit}
          </Button>
        </Group>
      </Group>
    </Paper>
  );
}

/** What of `after` differs from `before`, as a merge patch. */
export function changes<B extends object>(after: B, before: B): Partial<B> {
  const same = (key: string) =>
    JSON.stringify(after[key as keyof B]) === JSON.stringify(before[key as keyof B]);
  return Object.fromEntries(Object.entries(after).filter(([key]) => !same(key))) as Partial<B>;
}
