// What a payload formatter finds besides the language; its last value binds the formatter's functions.
(() => {
  'use strict';
  const { stringify, parse } = JSON;
  const { isArray } = Array;
  const isView = ArrayBuffer.isView;
  const toList = Array.from;
  const asNumber = Number;
  const asText = String;
  const NativeDate = Date;
  const { isSafeInteger } = Number;
  const MAX_LENGTH = 65536;

  const define = (target, name, value) =>
    Object.defineProperty(target, name, { value, writable: true, configurable: true });

  const silent = () => undefined;
  const quiet = {};
  for (const name of ['log', 'debug', 'info', 'warn', 'error', 'trace', 'dir', 'table']) quiet[name] = silent;
  define(globalThis, 'console', quiet);
  define(globalThis, 'module', { exports: {} });
  define(globalThis, 'exports', globalThis.module.exports);

  // The engine looks at its clock between steps of the script, not inside of a built-in loop:
  // Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 0) would run for years.
  const { apply } = Reflect;
  const { join } = Array.prototype;
  const bound = (prototype, spared) => {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const original = prototype[name];
      if (typeof original !== 'function' || spared.includes(name)) continue;
      const guarded = {
        [name](...given) {
          if (this.length > MAX_LENGTH) throw new RangeError('too long for ' + name);
          return apply(original, this, given);
        },
      };
      define(prototype, name, guarded[name]);
    }
  };
  const STEPS = ['constructor', 'push', 'pop', 'at', 'toString', 'valueOf', 'charCodeAt', 'charAt', 'codePointAt'];
  bound(String.prototype, STEPS);
  bound(Array.prototype, STEPS.slice(0, 4));

  const plain = (_, value) => {
    if (value === undefined) return null;
    if (typeof value === 'bigint') return isSafeInteger(asNumber(value)) ? asNumber(value) : asText(value);
    if (typeof value === 'object' && isView(value) && value.length !== undefined) return toList(value);
    return value;
  };
  const texts = (value) => {
    if (value === undefined || value === null || value === '' || value === false) return [];
    const list = isArray(value) ? value : [value];
    const found = [];
    for (let i = 0; i < list.length && i < 20; i++) {
      const one = list[i];
      found.push(typeof one === 'string' ? one : one instanceof Error ? one.message : asText(stringify(one, plain)));
    }
    return found;
  };
  const isFilled = (value) => value !== undefined && value !== null;
  const isObject = (value) => typeof value === 'object' && value !== null;

  const answer = (result, normalize) => {
    if (!isObject(result)) return { x: 'codec_error', m: 'decodeUplink did not return an object' };
    const errors = texts(result.errors);
    const warnings = texts(result.warnings);
    let { data } = result;
    if (isView(data) || isArray(data) || (isFilled(data) && !isObject(data)))
      return { x: 'codec_error', m: "'data' is not an object" };
    if (!isFilled(data) && errors.length === 0 && warnings.length === 0)
      return { x: 'codec_error', m: "decodeUplink did not return 'data'" };
    let normalized = null;
    if (normalize && errors.length === 0 && isFilled(data)) {
      const made = normalize({ data, warnings, errors });
      if (isObject(made)) {
        for (const text of texts(made.errors)) warnings.push('normalizeUplink: ' + text);
        if (isFilled(made.data)) normalized = isArray(made.data) ? made.data : [made.data];
      }
    }
    return { d: isFilled(data) ? data : {}, w: warnings, e: errors, n: normalized };
  };

  const failure = (error) => {
    if (!isObject(error)) return { x: 'codec_error', m: 'thrown: ' + asText(error) };
    const text = asText(error.message);
    if (error.name === 'InternalError' && text === 'out of memory') return { x: 'codec_memory', m: text };
    if (error.name === 'RangeError' && text === 'Maximum call stack size exceeded')
      return { x: 'codec_stack', m: text };
    return { x: 'codec_error', m: asText(error.name) + ': ' + text };
  };

  const bind = (given) => {
    const own = globalThis.module && globalThis.module.exports;
    const of = (name, found) =>
      found || (isObject(own) && typeof own[name] === 'function' ? own[name] : undefined);
    const uplink = of('decodeUplink', given.decodeUplink);
    const decoder = of('Decoder', given.Decoder);
    const decode = of('Decode', given.Decode);
    const normalize = of('normalizeUplink', given.normalizeUplink);
    let entry;
    if (uplink) entry = (input) => uplink(input);
    else if (decoder) entry = (input) => ({ data: decoder(input.bytes, input.fPort) });
    else if (decode) entry = (input) => ({ data: decode(input.fPort, input.bytes, input.variables) });
    else return null;

    const one = (frame, max) => {
      try {
        const input = {
          bytes: frame.b, fPort: frame.p, recvTime: new NativeDate(frame.t), variables: frame.v,
        };
        const text = stringify(answer(entry(input), uplink ? normalize : undefined), plain);
        return text.length > max
          ? stringify({ x: 'codec_output', m: 'the result has ' + text.length + ' characters' })
          : text;
      } catch (error) {
        return stringify(failure(error));
      }
    };
    return (frames, max) => {
      const list = parse(frames);
      const parts = [];
      for (let i = 0; i < list.length; i++) parts.push(i ? ',' : '[', one(list[i], max));
      parts.push(']');
      // Joined, since the binding cannot read a long text that the engine keeps as a rope.
      return apply(join, parts, ['']);
    };
  };
  Object.defineProperty(globalThis, '__stadttakt_bind', { value: bind });
})();
