import { useLocation } from '@tanstack/react-router';

/** The token of an e-mail's link. It stands behind the `#`, which no server is sent. */
export function useLinkToken(): string | null {
  const hash = useLocation({ select: (location) => location.hash });
  return new URLSearchParams(hash).get('token');
}
