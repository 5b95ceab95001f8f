import { Code } from '@mantine/core';
import { type LinkProps, linkOptions } from '@tanstack/react-router';
import { ScreenLink } from './RowLink';

/** Where the thing with an id is looked at, by how the id begins; nothing for the ids of others, and where there is no screen. */
export function screenOf(id: string): LinkProps | undefined {
  const params = { id };
  if (!/^[a-z]+_[0-9a-z]{26}$/.test(id)) return undefined;
  switch (id.slice(0, id.indexOf('_'))) {
    case 'ord':
      return linkOptions({ to: '/orders/$id', params });
    case 'job':
      return linkOptions({ to: '/jobs/$id', params });
    case 'whe':
      return linkOptions({ to: '/webhooks-out/endpoints/$id', params });
    case 'whd':
      return linkOptions({ to: '/webhooks-out/deliveries/$id', params });
    case 'mail':
      return linkOptions({ to: '/emails/$id', params });
    case 'evt':
      return linkOptions({ to: '/webhooks-in/events/$id', params });
    case 'stf':
      return linkOptions({ to: '/staff/$id', params });
    default:
      return undefined;
  }
}

/** The id of a thing; it leads to the screen where that is looked at, when there is one. */
export function SubjectLink({ id }: { id: string }) {
  const screen = screenOf(id);
  const code = <Code style={{ overflowWrap: 'anywhere' }}>{id}</Code>;
  return screen ? <ScreenLink {...screen}>{code}</ScreenLink> : code;
}
