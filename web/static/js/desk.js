// A step signed by a key at the desk: the page asks the server what is to be signed, hands it to the signing program
// on this machine over a WebSocket, file after file, and watches until the server has recorded all. A page that was
// reloaded goes on: what it was to call is kept in its tab until the step is over.
import { Refused, send } from './request.js';

const OVER = new Set(['done', 'failed', 'expired']);
const EVERY = 1000;
const KEPT = 'congvan-desk';

class Desk {
  // `place` is where it is told how far it is: the form, or the line of one document among several.
  constructor(form, place = form) {
    this.form = form;
    this.box = place.querySelector('[data-desk-told]');
    this.text = place.querySelector('[data-desk-text]');
    this.stop = place.querySelector('[data-desk-cancel]');
    this.session = null;
    this.socket = null;
    this.button = null;
    this.stop.addEventListener('click', () => this.cancel(''));
  }

  words(name) {
    return this.form.getAttribute(`data-say-${name}`);
  }

  tell(text, { tone = '', cancel = false } = {}) {
    this.box.className = `note ${tone}`;
    this.box.hidden = false;
    this.stop.hidden = !cancel;
    this.text.textContent = text;
  }

  busy(is) {
    for (const button of this.form.querySelectorAll('footer > .btn, footer .cluster .btn')) button.disabled = is;
  }

  ask(address, fields = {}) {
    const body = () => {
      const filled = new FormData();
      filled.set('csrf_token', this.form.elements.csrf_token.value);
      for (const [name, value] of Object.entries(fields)) filled.set(name, value);
      return filled;
    };
    return send(address, { body }, this.words('ended'));
  }

  // Whatever happened, the form can be sent again.
  ready(text, tone = 'bad') {
    this.session = null;
    sessionStorage.removeItem(KEPT);
    this.busy(false);
    this.tell(text, { tone });
  }

  refused(error) {
    this.ready(error instanceof Refused ? error.problem.detail || this.words('unsent') : this.words('lost'));
  }

  async begin(button) {
    this.button = button;
    this.busy(true);
    this.tell(this.words('preparing'));
    try {
      const told = await this.asked();
      this.session = told;
      this.reach(told, 0);
    } catch (error) {
      this.refused(error);
    }
  }

  asked() {
    return send(this.form.dataset.begin, { body: () => new FormData(this.form) }, this.words('ended'));
  }

  waiting(told, file) {
    const of = told.files?.length ?? 1;
    const which = of > 1 ? ` ${this.words('file')}`.replace('{n}', file + 1).replace('{all}', of) : '';
    this.tell(`${this.words('waiting')}${which}`, { cancel: true });
  }

  // One socket for one message each way. A program that is not there closes it before it ever opened.
  reach(told, file) {
    this.waiting(told, file);
    sessionStorage.setItem(KEPT, JSON.stringify({ told, file }));
    const { action, params } = told.calls[file];
    const socket = new WebSocket(`${this.form.dataset.desk}/${action}`);
    this.socket = socket;
    let answered = false;
    socket.addEventListener('open', () => socket.send(JSON.stringify(params)));
    socket.addEventListener('message', (event) => {
      answered = true;
      socket.close();
      this.answered(told, file, event.data);
    });
    socket.addEventListener('close', () => {
      if (!answered && this.session === told) this.cancel('', this.words('absent'));
    });
  }

  async answered(told, file, data) {
    if (this.session !== told) return;
    let reply = {};
    try {
      reply = JSON.parse(data);
    } catch {
      reply = { Status: -1, Message: data.slice(0, 200) };
    }
    if (reply.Status !== 0) {
      const said = reply.Message || String(reply.Status);
      this.cancel(said, this.words('device').replace('{message}', said.replace(/\.+$/, '')));
      return;
    }
    this.tell(this.words('recording'));
    if (told.transport !== 'raw') {
      this.watch(told, file);
      return;
    }
    try {
      const now = await this.ask(told.files[file].sign, { signature: reply.Signature, next: this.next() });
      if (this.session === told && !this.goesOn(now, told, file)) this.watch(told, file);
    } catch (error) {
      if (error instanceof Refused) await this.ask(told.cancel).catch(() => null);
      this.refused(error);
    }
  }

  // Once the file is there: the next one is asked for, or the step is over.
  goesOn(now, told, file) {
    if (OVER.has(now.state)) {
      this.over(now);
      return true;
    }
    if (!told.calls || !now.files[file].signed || file + 1 >= told.calls.length) return false;
    this.reach(told, file + 1);
    return true;
  }

  next() {
    return this.form.elements.next?.value ?? '';
  }

  async watch(session, file) {
    const where = `${session.read}?next=${encodeURIComponent(this.next())}`;
    for (;;) {
      let told = null;
      try {
        const answer = await fetch(where, { headers: { Accept: 'application/json' } });
        told = await answer.json();
        if (!answer.ok) {
          this.ready(told.detail ?? this.words('unsent'));
          return;
        }
      } catch {
        this.tell(this.words('lost'), { tone: 'warn', cancel: true });
      }
      if (this.session !== session) return;
      if (told && this.goesOn(told, session, file)) return;
      await new Promise((go) => setTimeout(go, EVERY));
    }
  }

  over(told) {
    if (told.state === 'done') {
      this.session = null;
      sessionStorage.removeItem(KEPT);
      this.tell(this.words('done'), { tone: 'ok' });
      location.assign(this.button?.value === 'stay' ? told.document : told.next);
    } else {
      this.ready(told.state === 'expired' ? this.words('expired') : told.failure || told.label);
    }
  }

  async cancel(reason, text = '') {
    const { session } = this;
    if (!session) return;
    this.session = null;
    this.socket?.close();
    try {
      const told = await this.ask(session.cancel, { reason, next: this.next() });
      // it may have been signed in the same moment
      if (told.state === 'done') this.over(told);
      else this.ready(text || told.failure || told.label, text ? 'bad' : 'warn');
    } catch (error) {
      this.refused(error);
    }
  }

  // The page was loaded anew while the program still asks for the PIN.
  resume(address) {
    const { told, file } = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}');
    const known = told?.read === address;
    this.session = known ? told : { read: address, cancel: `${address}/cancel` };
    this.busy(true);
    this.waiting(this.session, file);
    this.watch(this.session, known ? file : 0);
  }
}

// One document among several: told in its own line, over without leaving the page.
class Line extends Desk {
  constructor(form, line) {
    super(form, line);
    this.line = line;
  }

  asked() {
    return this.ask(this.line.dataset.begin, { outcome: 'sign', version: this.line.dataset.version });
  }

  busy() {}

  // Resolves once it is over: whether it was signed, and whether the next one may be asked for.
  sign() {
    return new Promise((over) => {
      this.end = over;
      this.goOn = true;
      this.begin(null);
    });
  }

  ready(text, tone) {
    super.ready(text, tone);
    this.end({ signed: false, goesOn: this.goOn });
  }

  over(told) {
    if (told.state !== 'done') {
      super.over(told);
      return;
    }
    this.session = null;
    sessionStorage.removeItem(KEPT);
    this.tell(this.words('done'), { tone: 'ok' });
    this.line.removeAttribute('data-begin');
    this.end({ signed: true, goesOn: true });
  }

  // Nobody is there, or whoever holds the token does not want to: the next would meet the same.
  cancel(reason, text) {
    this.goOn = false;
    return super.cancel(reason, text);
  }
}

export function signEach(form) {
  const button = form.querySelector('[data-desk-all]');
  const sum = form.querySelector('[data-desk-sum]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (button.disabled) return;
    button.disabled = true;
    let signed = 0;
    for (const line of form.querySelectorAll('[data-begin]')) {
      const result = await new Line(form, line).sign();
      signed += result.signed;
      if (!result.goesOn) break;
    }
    const left = form.querySelectorAll('[data-begin]').length;
    const said = form.getAttribute('data-say-sum').replace('{n}', signed).replace('{m}', left);
    sum.textContent = said;
    sum.hidden = false;
    button.disabled = false;
    button.hidden = left === 0;
  });
}

export function signAtDesk(form) {
  const desk = new Desk(form);
  // Before what else listens: a step that is signed here is not sent as a form.
  form.addEventListener('submit', (event) => {
    const { submitter } = event;
    const returns = form.querySelector('input[name="outcome"]:checked')?.value === 'return';
    if (returns || submitter?.hasAttribute('formaction')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!desk.session) desk.begin(submitter);
  });
  if (form.dataset.session) desk.resume(form.dataset.session);
}
