// SPDX-License-Identifier: EUPL-1.2
// The part of Node's Buffer that payload formatters use (https://nodejs.org/api/buffer.html).
(() => {
  'use strict';
  const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const URL_DIGITS = DIGITS.slice(0, 62) + '-_';

  const fromUtf8 = (text) => {
    const bytes = [];
    for (const char of text) {
      const code = char.codePointAt(0);
      const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
      if (point < 0x80) bytes.push(point);
      else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
      else if (point < 0x10000)
        bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
      else
        bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    }
    return bytes;
  };
  const toUtf8 = (bytes) => {
    let text = '';
    for (let i = 0; i < bytes.length; ) {
      const lead = bytes[i];
      const more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2
        : lead >= 0xf0 && lead < 0xf5 ? 3 : -1;
      let point = more > 0 ? lead & (0x3f >> more) : lead;
      let used = 1;
      while (used <= more && i + used < bytes.length && (bytes[i + used] & 0xc0) === 0x80)
        point = (point << 6) | (bytes[i + used++] & 63);
      const whole = more >= 0 && used === more + 1 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)
        && point >= [0, 0x80, 0x800, 0x10000][more];
      text += whole ? String.fromCodePoint(point) : '\ufffd';
      i += whole ? used : 1;
    }
    return text;
  };
  const fromHex = (text) => {
    const bytes = [];
    for (let i = 0; i + 1 < text.length; i += 2) {
      const pair = text.slice(i, i + 2);
      if (!/^[0-9a-f]{2}$/i.test(pair)) break;
      bytes.push(parseInt(pair, 16));
    }
    return bytes;
  };
  const toHex = (bytes) => {
    let text = '';
    for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16);
    return text;
  };
  const fromBase64 = (text) => {
    const bytes = [];
    let bits = 0;
    let held = 0;
    for (const char of text) {
      if (char === '=') break;
      let digit = DIGITS.indexOf(char);
      if (digit < 0) digit = URL_DIGITS.indexOf(char);
      if (digit < 0) continue;
      held = ((held << 6) | digit) & 0xfff;
      bits += 6;
      if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
    }
    return bytes;
  };
  const toBase64 = (bytes, digits) => {
    let text = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const three = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
      text += digits[three >> 18] + digits[(three >> 12) & 63];
      if (i + 1 < bytes.length) text += digits[(three >> 6) & 63];
      else if (digits === DIGITS) text += '=';
      if (i + 2 < bytes.length) text += digits[three & 63];
      else if (digits === DIGITS) text += '=';
    }
    return text;
  };
  const fromLatin = (text) => {
    const bytes = [];
    for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 255);
    return bytes;
  };
  const toChars = (mask) => (bytes) => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte & mask);
    return text;
  };
  const fromUtf16 = (text) => {
    const bytes = [];
    for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 255, text.charCodeAt(i) >> 8);
    return bytes;
  };
  const toUtf16 = (bytes) => {
    let text = '';
    for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
    return text;
  };
  const latin = [fromLatin, toChars(255)];
  const utf16 = [fromUtf16, toUtf16];
  const utf8 = [fromUtf8, toUtf8];
  const ENCODINGS = {
    utf8, 'utf-8': utf8, hex: [fromHex, toHex],
    base64: [fromBase64, (bytes) => toBase64(bytes, DIGITS)],
    base64url: [fromBase64, (bytes) => toBase64(bytes, URL_DIGITS)],
    ascii: [fromLatin, toChars(127)], latin1: latin, binary: latin,
    utf16le: utf16, 'utf-16le': utf16, ucs2: utf16, 'ucs-2': utf16,
  };
  const encoding = (name) => {
    const found = ENCODINGS[String(name || 'utf8').toLowerCase()];
    if (!found) throw new TypeError('Unknown encoding: ' + name);
    return found;
  };

  const build = (given, target) => Reflect.construct(Uint8Array, given, target);
  function Buffer(value, second, third) {
    const target = new.target || Buffer;
    if (typeof value === 'string') return build([encoding(second)[0](value)], target);
    if (value instanceof ArrayBuffer) return build([value, second, third], target);
    if (value && value.type === 'Buffer' && Array.isArray(value.data)) return build([value.data], target);
    return build([value], target);
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Buffer.prototype = Object.create(Uint8Array.prototype, { constructor: { value: Buffer, writable: true } });
  const made = (value, second, third) => {
    if (value === undefined || value === null || typeof value === 'number')
      throw new TypeError('Buffer.from takes no ' + typeof value);
    return new Buffer(value, second, third);
  };
  const statics = {
    from: made,
    alloc(size, fill, name) {
      const buffer = new Buffer(size);
      return fill === undefined ? buffer : buffer.fill(fill, 0, size, name);
    },
    allocUnsafe: (size) => new Buffer(size),
    isBuffer: (value) => value instanceof Buffer,
    isEncoding: (name) => typeof name === 'string' && name.toLowerCase() in ENCODINGS,
    byteLength: (value, name) => (typeof value === 'string' ? encoding(name)[0](value).length : value.byteLength),
    concat(list, total) {
      const bytes = [];
      for (const part of list) for (const byte of part) bytes.push(byte);
      return made(total === undefined ? bytes : bytes.slice(0, total));
    },
    compare: (one, other) => Buffer.prototype.compare.call(one, other),
  };
  Object.assign(Buffer, statics);
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const part = (buffer, start, end) => Uint8Array.prototype.subarray.call(buffer, start, end);
  const within = (buffer, offset, length) => {
    if (!Number.isInteger(offset) || offset < 0 || offset + length > buffer.length)
      throw new RangeError('The value of "offset" is out of range: ' + offset);
  };
  const methods = {
    toString(name, start = 0, end = this.length) {
      return encoding(name)[1](part(this, Math.max(0, start), Math.max(0, end)));
    },
    toJSON() {
      return Array.from(this);
    },
    slice(start, end) {
      return part(this, start, end);
    },
    equals(other) {
      return this.compare(other) === 0;
    },
    compare(other) {
      for (let i = 0; i < this.length && i < other.length; i++)
        if (this[i] !== other[i]) return this[i] < other[i] ? -1 : 1;
      return Math.sign(this.length - other.length);
    },
    copy(target, at = 0, start = 0, end = this.length) {
      const bytes = part(this, start, Math.min(end, start + target.length - at));
      target.set(bytes, at);
      return bytes.length;
    },
    write(text, at = 0, length, name) {
      if (typeof at === 'string') [at, name] = [0, at];
      if (typeof length === 'string') [length, name] = [undefined, length];
      const room = Math.min(this.length - at, length === undefined ? Infinity : length);
      const bytes = encoding(name)[0](text).slice(0, room);
      this.set(bytes, at);
      return bytes.length;
    },
    fill(value, start = 0, end = this.length, name) {
      const bytes = typeof value === 'string' ? encoding(name)[0](value) : [Number(value)];
      for (let i = start; i < end && bytes.length; i++) this[i] = bytes[(i - start) % bytes.length];
      return this;
    },
  };
  const sized = {
    UInt8: 1, Int8: 1, UInt16LE: 2, UInt16BE: 2, Int16LE: 2, Int16BE: 2, UInt32LE: 4, UInt32BE: 4,
    Int32LE: 4, Int32BE: 4, FloatLE: 4, FloatBE: 4, DoubleLE: 8, DoubleBE: 8, BigInt64LE: 8,
    BigInt64BE: 8, BigUInt64LE: 8, BigUInt64BE: 8,
  };
  const NATIVE = { Float: 'Float32', Double: 'Float64', UInt: 'Uint', BigInt: 'BigInt', BigUInt: 'BigUint' };
  for (const name of Object.keys(sized)) {
    const length = sized[name];
    const little = name.endsWith('LE');
    const kind = name.replace(/(LE|BE)$/, '');
    const native = kind.replace(/^(BigUInt|BigInt|UInt|Float|Double)/, (found) => NATIVE[found]);
    methods['read' + name] = function (offset = 0) {
      within(this, offset, length);
      return view(this)['get' + native](offset, little);
    };
    methods['write' + name] = function (value, offset = 0) {
      within(this, offset, length);
      view(this)['set' + native](offset, value, little);
      return offset + length;
    };
  }
  const unsigned = (buffer, offset, length, little) => {
    within(buffer, offset, length);
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + buffer[offset + (little ? length - 1 - i : i)];
    return value;
  };
  for (const [end, little] of [['LE', true], ['BE', false]]) {
    methods['readUInt' + end] = function (offset, length) {
      return unsigned(this, offset, length, little);
    };
    methods['readInt' + end] = function (offset, length) {
      const value = unsigned(this, offset, length, little);
      return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value;
    };
  }
  for (const name of Object.keys(methods)) {
    const also = name.replace('UInt', 'Uint');
    for (const each of [name, also])
      Object.defineProperty(Buffer.prototype, each, { value: methods[name], writable: true, configurable: true });
  }
  Buffer.prototype.subarray = methods.slice;
  Object.defineProperty(globalThis, 'Buffer', { value: Buffer, writable: true, configurable: true });
})();
