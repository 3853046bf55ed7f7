// What a page that is open for long asks of the server: a session that began anew goes on, one that ended is told.
// `body` may be a function: it is asked again after a renewal, when the fields of forms hold the new token.
const meta = document.querySelector('meta[name="csrf-token"]');

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? '');
    this.problem = problem;
  }
}

export async function send(address, { body, headers = {} }, ended) {
  let answer = await post(address, body, headers);
  let told = await answer.json().catch(() => ({}));
  if (answer.status === 403 && told.code === 'csrf') {
    if (!(await renew())) throw new Refused({ detail: ended });
    answer = await post(address, body, headers);
    told = await answer.json().catch(() => ({}));
  }
  if (answer.status === 401) throw new Refused({ detail: ended });
  if (!answer.ok) throw new Refused(told);
  return told;
}

function post(address, body, headers) {
  return fetch(address, {
    method: 'POST',
    body: typeof body === 'function' ? body() : body,
    headers: { Accept: 'application/json', 'X-CSRFToken': meta.content, ...headers },
  });
}

// Whoever logged in again in another tab works on here; a page that is another now is that of the login.
async function renew() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const token = page.querySelector('meta[name="csrf-token"]')?.content;
  if (!answer.ok || !token || !page.querySelector('[data-designer]')) return false;
  meta.content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
  return true;
}
