// Plays calls of azure-devops-node-api. Each line of standard input is a call; each line of output is what became of it.
// Use: node play_node_api.cjs FOLDER-OF-THE-PACKAGE
// A call: {url, token, api, method, arguments}; {"$date": text} is a Date and {"$stream": text} a stream.
"use strict";
const http = require("node:http");
const path = require("node:path");
const readline = require("node:readline");
const { Readable } = require("node:stream");

const client = require(path.resolve(process.argv[2]));
const request = http.request;
let exchanges = [];

http.request = function (...arguments_) {
  const sent = request.apply(http, arguments_);
  sent.on("response", (answer) => {
    exchanges.push({
      method: sent.method,
      path: sent.path,
      status: answer.statusCode,
      not_simulated: answer.headers["x-simulator-not-simulated"] || null,
    });
  });
  return sent;
};

function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value === null ? undefined : value;
  if ("$date" in value) return new Date(value.$date);
  if ("$stream" in value) return Readable.from([Buffer.from(value.$stream)]);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, revive(part)]));
}

async function settle(value) {
  if (value === null || value === undefined || typeof value.pipe !== "function") return value;
  const parts = [];
  for await (const part of value) parts.push(Buffer.from(part));
  const whole = Buffer.concat(parts);
  return { $bytes: whole.length, $starts: whole.subarray(0, 200).toString("latin1") };
}

async function play(call) {
  exchanges = [];
  const outcome = { call: `${call.api}.${call.method}` };
  try {
    const connection = new client.WebApi(call.url, client.getPersonalAccessTokenHandler(call.token));
    const api = await connection[`get${call.api}Api`]();
    outcome.value = await settle(await api[call.method](...call.arguments.map(revive)));
    if (outcome.value === undefined) outcome.value = null;
  } catch (error) {
    outcome.error = error.message || String(error);
    outcome.status = error.statusCode || null;
    outcome.type_key = error.result && error.result.typeKey;
  }
  outcome.exchanges = exchanges;
  return outcome;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await play(JSON.parse(line))) + "\n");
  }
})();
