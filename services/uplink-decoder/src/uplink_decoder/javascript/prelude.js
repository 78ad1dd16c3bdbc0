// SPDX-License-Identifier: EUPL-1.2
// What a payload formatter finds besides the language; its last value binds the formatter's functions.
// Short, since every fresh context reads it anew; what an answer means is told in Python (answers.py).
(() => {
  'use strict';
  const { stringify, parse } = JSON;
  const { isArray, from } = Array;
  const { isView } = ArrayBuffer;
  const join = Function.prototype.call.bind(Array.prototype.join);
  const NativeDate = Date;
  const NativeError = Error;
  const text = String;
  const number = Number;
  const { isSafeInteger } = Number;

  const silent = () => undefined;
  globalThis.console = {
    log: silent, debug: silent, info: silent, warn: silent, error: silent, trace: silent, dir: silent, table: silent,
  };
  globalThis.exports = (globalThis.module = { exports: {} }).exports;

  const plain = (_, value) => {
    if (value === undefined) return null;
    if (typeof value === 'bigint') return isSafeInteger(number(value)) ? number(value) : text(value);
    if (typeof value === 'object' && value !== null) {
      if (isView(value) && value.length !== undefined) return from(value);
      if (value instanceof NativeError) return text(value.message);
    }
    return value;
  };
  const isObject = (value) => typeof value === 'object' && value !== null;

  const bind = (given) => {
    const own = globalThis.module && globalThis.module.exports;
    const of = (name) => given[name] || (isObject(own) && typeof own[name] === 'function' ? own[name] : undefined);
    const uplink = of('decodeUplink');
    const decoder = of('Decoder');
    const decode = of('Decode');
    const normalize = uplink && of('normalizeUplink');
    if (!(uplink || decoder || decode)) return null;
    const result = (input) =>
      uplink ? uplink(input)
      : { data: decoder ? decoder(input.bytes, input.fPort) : decode(input.fPort, input.bytes, input.variables) };

    const answer = (frame) => {
      const got = result({ bytes: frame.b, fPort: frame.p, recvTime: new NativeDate(frame.t), variables: frame.v });
      if (!isObject(got)) return { r: typeof got };
      const { data, warnings, errors } = got;
      const failed = isArray(errors) ? errors.length > 0 : errors;
      const made = normalize && !failed && isObject(data) ? normalize({ data, warnings: warnings || [], errors: [] }) : null;
      return { d: data, w: warnings, e: errors, n: made };
    };
    const one = (frame, max) => {
      let found;
      try {
        found = stringify(answer(frame), plain);
      } catch (error) {
        // What the engine throws when it has no memory left for an error.
        if (error === null) throw error;
        found = stringify(
          isObject(error) ? { k: text(error.name), m: text(error.message), v: error } : { t: text(error) }, plain);
      }
      return found.length > max ? stringify({ c: found.length }) : found;
    };
    return (frames, max) => {
      const list = parse(frames);
      // Joined, since the binding cannot read a long text that the engine keeps as a rope.
      return join(['[', join(from(list, (frame) => one(frame, max)), ','), ']'], '');
    };
  };
  Object.defineProperty(globalThis, '__stadttakt_bind', { value: bind });
})();
