import type { Schemas } from './client';

type Document = Partial<Schemas['ProblemDocument']> & Record<string, unknown>;

/** What went wrong, as the API told it (RFC 9457). Status 0: the API could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: Schemas['FieldError'][],
    readonly requestId: string | null,
    readonly document: Document,
  ) {
    super(`${title}: ${detail}`);
    this.name = 'Problem';
  }

  static of(response: Response, body: unknown): Problem {
    const document: Document = typeof body === 'object' && body !== null ? (body as Document) : {};
    return new Problem(
      response.status,
      document.code ?? 'unknown',
      document.title ?? `The service answered ${response.status}`,
      document.detail ?? 'It gave no explanation. Try again; if it persists, tell whoever runs the shop.',
      document.errors ?? [],
      document.request_id ?? response.headers.get('X-Request-Id'),
      document,
    );
  }

  static unreachable(cause: unknown): Problem {
    const detail = 'Nothing was heard from the shop. Check your connection, then try again.';
    const problem = new Problem(0, 'unreachable', 'The shop cannot be reached', detail, [], null, {});
    problem.cause = cause;
    return problem;
  }

  /** Any thrown thing as a problem. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const detail = error instanceof Error ? error.message : String(error);
    return new Problem(0, 'defect', 'Something in this page failed', detail, [], null, {});
  }

  /** Whether the same request may succeed when it is tried again. */
  get passing(): boolean {
    return this.status === 0 ? this.code === 'unreachable' : this.status === 429 || this.status >= 502;
  }
}

/** The errors of a problem by form field: `/line_items/0/quantity` is `line_items.0.quantity`. */
export function fieldErrors(problem: Problem): Record<string, string> {
  const byField = problem.errors.map(({ pointer, detail }) => [
    pointer.slice(1).replaceAll('/', '.'),
    detail,
  ]);
  return Object.fromEntries(byField) as Record<string, string>;
}
