import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/**
 * For `npm run dev` alone: leads `/v1` to a running `merx dev`, whose data directory `MERX_DATA_DIR` names
 * (`../.merx`). With `MERX_AS_KEY=on` calls carry the admin key of its `dev.json`, and the session is pretended.
 */
export function developmentApi(): Plugin {
  const file = join(process.env.MERX_DATA_DIR ?? '../.merx', 'dev.json');
  const { base_url, admin_key } = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { base_url: string; admin_key: string })
    : { base_url: 'http://127.0.0.1:8080', admin_key: '' };
  const asKey = process.env.MERX_AS_KEY === 'on';
  const headers = asKey ? { authorization: `Bearer ${admin_key}` } : undefined;
  return {
    name: 'merx-development-api',
    config: () => ({
      server: { proxy: { '/v1': { target: base_url, headers } } },
      preview: { proxy: { '/v1': { target: base_url, headers } } },
    }),
    configureServer(server) {
      if (!asKey) return;
      server.middlewares.use('/v1/admin/session', (_request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(PRETENDED_SESSION));
      });
    },
  };
}

const PRETENDED_SESSION = {
  session_id: 'ses_pretended',
  expires_at: '2100-01-01T00:00:00Z',
  staff: {
    id: 'stf_pretended',
    email: 'owner@example.com',
    name: 'Olivia Owner',
    role: { id: 'role_owner', name: 'Owner' },
    status: 'active',
  },
  scopes: [
    ...[
      'products:read',
      'products:write',
      'inventory:write',
      'discounts:read',
      'discounts:write',
      'carts:read',
    ],
    ...['carts:write', 'orders:read', 'orders:write', 'fulfillments:write', 'refunds:write', 'webhooks:read'],
    ...[
      'webhooks:write',
      'emails:read',
      'emails:write',
      'inbox:read',
      'inbox:write',
      'jobs:read',
      'jobs:write',
    ],
    ...['pii:read', 'alerts:read', 'alerts:write', 'metrics:read', 'settings:read', 'settings:write'],
    ...[
      'staff:read',
      'staff:write',
      'keys:read',
      'keys:write',
      'audit:read',
      'analytics:read',
      'customers:read',
    ],
    'customers:write',
  ],
};
