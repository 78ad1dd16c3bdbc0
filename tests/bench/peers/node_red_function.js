// SPDX-License-Identifier: EUPL-1.2
// The body of a function node: an uplink decoded by the formatter and written as a row; Node-RED acknowledged it before.
const said = JSON.parse(msg.payload);
const bytes = Buffer.from(said.data, "base64");
const decoded = context.get("decode")({ bytes: [...bytes], fPort: said.fPort, variables: {} });
await global.get("pool").query({
  name: "row",
  text:
    "insert into peers.uplink (observed_at, uplink_id, dev_eui, received_at, f_cnt, f_port," +
    " payload, raw, decoded, warnings, errors)" +
    " values ($1, $2, $3, now(), $4, $5, $6, $7, $8, $9, $10)",
  values: [
    said.time,
    said.deduplicationId,
    said.deviceInfo.devEui,
    said.fCnt,
    said.fPort,
    bytes,
    Buffer.from(msg.payload),
    JSON.stringify(decoded.data),
    decoded.warnings,
    decoded.errors,
  ],
});
