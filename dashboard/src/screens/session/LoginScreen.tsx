import { useRouter, useSearch } from '@tanstack/react-router';
import { ScreenLink } from '../../components/RowLink';
import { Door } from './Door';
import { LoginForm } from './LoginForm';

/** Logs in, then leads to where one was going. */
export function LoginScreen() {
  const { next } = useSearch({ from: '/login' });
  const router = useRouter();
  const target = next?.startsWith('/') && !next.startsWith('//') ? next : '/';
  return (
    <Door title="Log in" below={<ScreenLink to="/reset">Forgotten your password?</ScreenLink>}>
      <LoginForm onLoggedIn={() => router.navigate({ href: target, replace: true })} />
    </Door>
  );
}
