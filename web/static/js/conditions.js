// The part of FEEL that hides fields: comparisons, and, or, not, in, null. Anything else is left to the server.
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|(!=|<=|>=|[=<>(),[\]])|([\p{L}_][\p{L}\p{N}_.]*))/uy;

function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match) throw new SyntaxError(text);
    const [, string, number, sign, word] = match;
    if (string) found.push({ value: JSON.parse(string) });
    else if (number) found.push({ value: Number(number) });
    else if (sign) found.push({ sign });
    else if (['true', 'false', 'null'].includes(word)) found.push({ value: { true: true, false: false, null: null }[word] });
    else found.push({ word });
  }
  return found;
}

// Returns a function from "look up a name" to true or false; throws for what it does not know.
export function compile(source) {
  const list = tokens(source.replace(/^\s*=/, ''));
  let at = 0;
  const is = (text) => list[at] && (list[at].sign === text || list[at].word === text);
  const take = (text) => {
    if (!is(text)) throw new SyntaxError(source);
    at += 1;
  };

  function operand() {
    const token = list[at];
    at += 1;
    if (token && 'value' in token) return () => token.value;
    if (token?.word) return (look) => look(token.word);
    throw new SyntaxError(source);
  }
  function members() {
    const close = is('[') ? ']' : ')';
    at += 1;
    const all = [operand()];
    while (is(',')) { at += 1; all.push(operand()); }
    take(close);
    return all;
  }
  function primary() {
    if (is('not')) {
      at += 1; take('(');
      const inner = either();
      take(')');
      return (look) => !inner(look);
    }
    if (is('(')) {
      at += 1;
      const inner = either();
      take(')');
      return inner;
    }
    const left = operand();
    if (is('in')) {
      at += 1;
      const all = members();
      return (look) => all.some((one) => one(look) === left(look));
    }
    const sign = list[at]?.sign;
    if (!['=', '!=', '<', '<=', '>', '>='].includes(sign)) return (look) => left(look) === true;
    at += 1;
    const right = operand();
    const compare = {
      '=': (a, b) => a === b, '!=': (a, b) => a !== b,
      '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b,
    }[sign];
    return (look) => compare(left(look), right(look));
  }
  function both() {
    let left = primary();
    while (is('and')) { at += 1; const before = left; const right = primary(); left = (look) => before(look) && right(look); }
    return left;
  }
  function either() {
    let left = both();
    while (is('or')) { at += 1; const before = left; const right = both(); left = (look) => before(look) || right(look); }
    return left;
  }
  const whole = either();
  if (at < list.length) throw new SyntaxError(source);
  return whole;
}
