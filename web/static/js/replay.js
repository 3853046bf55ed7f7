// The replay moves without reloading the page: keys, slider, play. Each moment is the server's own partial.
import { showWhereItStands } from './diagram.js';

const main = document.querySelector('[data-replay]');
const total = Number(main.dataset.total);
let playing = null;
let moving = Promise.resolve();
const at = () => Number(main.querySelector('#at').value);
const address = (number) => {
  const url = new URL(location.href);
  url.searchParams.set('at', number);
  return url.href;
};

async function go(number) {
  const target = Math.max(1, Math.min(total, number));
  const href = address(target);
  const answer = await fetch(href, { headers: { 'X-Partial': 'replay' } });
  if (!answer.ok) { location.assign(href); return; }
  const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const focused = document.activeElement?.id || document.activeElement?.dataset?.go;
  const speed = main.querySelector('[data-speed]').value;
  main.replaceChildren(...parsed.body.childNodes);
  history.replaceState(null, '', href);
  ready(speed);
  showWhereItStands(main.querySelector('.canvas'));
  if (focused) main.querySelector(`#${focused}, [data-go="${focused}"]`)?.focus();
  main.querySelector('.ev [aria-current]')?.scrollIntoView({ block: 'nearest' });
}

const later = (number) => { moving = moving.then(() => go(number)); return moving; };

function stop() {
  clearTimeout(playing);
  playing = null;
}

function play() {
  if (playing) { stop(); later(at()); return; }
  const step = async () => {
    if (at() >= total) { stop(); await later(at()); return; }
    await later(at() + 1);
    if (playing) playing = setTimeout(step, Number(main.querySelector('[data-speed]').value));
  };
  playing = setTimeout(step, at() >= total ? 0 : 1);
  if (at() >= total) { later(1); }
}

function ready(speed) {
  for (const element of main.querySelectorAll('[data-without-script]')) element.hidden = true;
  const button = main.querySelector('[data-go="play"]');
  button.hidden = false;
  if (playing) button.querySelector('span').textContent = button.dataset.pause;
  main.querySelector('[data-speed-box]').hidden = false;
  if (speed) main.querySelector('[data-speed]').value = speed;
}

const moves = {
  first: () => later(1), previous: () => later(at() - 1), next: () => later(at() + 1),
  last: () => later(total), play,
};

main.addEventListener('click', (event) => {
  const control = event.target.closest('[data-go], [data-at]');
  if (!control || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (control.dataset.at) later(Number(control.dataset.at));
  else moves[control.dataset.go]();
});
main.addEventListener('change', (event) => { if (event.target.id === 'at') later(at()); });
main.addEventListener('submit', (event) => { if (event.target.matches('[data-player]')) { event.preventDefault(); later(at()); } });
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target.closest('input, select, button, a, summary') && event.key === ' ') return;
  if (event.target.closest('input, select')) return;
  const act = { ' ': 'play', ArrowLeft: 'previous', ArrowRight: 'next', Home: 'first', End: 'last' }[event.key];
  if (!act) return;
  event.preventDefault();
  moves[act]();
});
ready();
