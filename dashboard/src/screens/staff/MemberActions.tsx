import { Button, Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { sessionQuery, useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { tellProblem, useAction } from '../../components/actions';
import { ConflictModal, useVersioned } from '../../components/versions';
import { type Member, memberQuery, nameOf, roleOptions, rolesQuery, STAFF_KEY } from './queries';

/** Changes a version of a member. */
const patch = ({ id, version }: Pick<Member, 'id' | 'version'>, body: Schemas['StaffMemberPatch']) =>
  answer(api.PATCH('/v1/admin/staff/{id}', { params: { path: { id }, header: ifMatch(version) }, body }));

/** What can be done with a member's account. */
export function MemberActions({ member }: { member: Member }) {
  const may = useMay();
  const me = useQuery(sessionQuery).data?.session?.staff.id;
  const [dialog, setDialog] = useState<'edit' | 'deactivate' | null>(null);
  const invite = useAction({
    run: () => answer(api.POST('/v1/admin/staff/{id}/invitation', { params: { path: { id: member.id } } })),
    refresh: [STAFF_KEY],
    done: `The invitation goes to ${member.email} again.`,
  });
  const activate = useAction({
    run: () => patch(member, { status: 'active' }),
    refresh: [STAFF_KEY],
    done: `${nameOf(member)} can log in again.`,
  });
  if (!may('staff:write')) return null;
  const close = () => setDialog(null);
  return (
    <>
      {member.status === 'invited' && (
        <Button
          variant="default"
          loading={invite.isPending}
          onClick={() => invite.mutate(undefined, { onError: tellProblem })}
        >
          Send the invitation again
        </Button>
      )}
      {member.status === 'deactivated' && (
        <Button
          variant="default"
          loading={activate.isPending}
          onClick={() => activate.mutate(undefined, { onError: tellProblem })}
        >
          Activate
        </Button>
      )}
      {member.status !== 'deactivated' && member.id !== me && (
        <Button variant="default" onClick={() => setDialog('deactivate')}>
          Deactivate
        </Button>
      )}
      <Button onClick={() => setDialog('edit')}>Edit</Button>
      {dialog === 'edit' && <EditMember member={member} onClose={close} />}
      {dialog === 'deactivate' && <Deactivate member={member} onClose={close} />}
    </>
  );
}

interface DialogProps {
  member: Member;
  onClose: () => void;
}

function Deactivate({ member, onClose }: DialogProps) {
  const deactivate = useAction({
    run: () => patch(member, { status: 'deactivated' }),
    refresh: [STAFF_KEY],
    done: `${nameOf(member)} is logged out everywhere.`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Deactivate ${nameOf(member)}?`}
      opened
      onClose={onClose}
      submit="Deactivate"
      danger
      action={deactivate}
      onSubmit={() => deactivate.mutate()}
    >
      They are logged out everywhere at once and cannot log in again. What they did stays in the records. API
      keys that they made go on working: look through them, too.
    </ActionModal>
  );
}

interface Values {
  name: string;
  role: string;
}

const valuesOf = ({ name, role }: Member): Values => ({ name: name ?? '', role: role.id });

function EditMember({ member, onClose }: DialogProps) {
  const client = useQueryClient();
  const roles = useQuery(rolesQuery).data?.data;
  const form = useForm<Values>({ initialValues: valuesOf(member) });
  const versioned = useVersioned<Member, Values>({
    send: ({ name, role }, version) =>
      patch({ id: member.id, version }, { ...(name.trim() && { name: name.trim() }), role }),
    read: () => client.fetchQuery({ ...memberQuery(member.id), staleTime: 0 }),
  });
  const save = useAction({
    run: versioned.save,
    form,
    refresh: [STAFF_KEY],
    done: `${nameOf(member)} is saved.`,
    onDone: onClose,
  });
  return (
    <>
      <ActionModal
        title={`Edit ${nameOf(member)}`}
        opened={!versioned.conflict}
        onClose={onClose}
        submit="Save"
        action={save}
        fields={Object.keys(form.values)}
        disabled={!form.isDirty()}
        onSubmit={() => save.mutate({ values: form.values, version: member.version })}
      >
        <TextInput label="Name" data-autofocus {...form.getInputProps('name')} />
        <Select
          label="Role"
          description="Holds from their next request on"
          data={roleOptions(roles)}
          {...form.getInputProps('role')}
        />
      </ActionModal>
      <ConflictModal
        conflict={versioned.conflict}
        toValues={valuesOf}
        fields={[
          { label: 'Name', of: ({ name }) => name },
          { label: 'Role', of: ({ role }) => roles?.find(({ id }) => id === role)?.name ?? role },
        ]}
        onKeepMine={(values, theirs) => save.mutate({ values, version: theirs.version })}
        onTakeTheirs={onClose}
        onClose={versioned.dismiss}
      />
    </>
  );
}
