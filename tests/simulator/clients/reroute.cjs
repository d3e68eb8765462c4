// Sends what a Node program would send to the hosts of Azure DevOps to a local TLS port; anything else is refused.
// Use: NODE_OPTIONS="--require .../reroute.cjs" AZURE_DEVOPS_SIMULATOR_PORT=N NODE_EXTRA_CA_CERTS=ca.pem
"use strict";
const Module = require("node:module");
const tls = require("node:tls");

const port = Number(process.env.AZURE_DEVOPS_SIMULATOR_PORT);
const served = /(^|\.)(dev\.azure\.com|visualstudio\.com)$/;
const connect = tls.connect;

tls.connect = function (options, ...rest) {
  const host = options.servername || options.host;
  if (!served.test(host)) {
    throw new Error(`no connection to ${host} from here`);
  }
  return connect.call(tls, { ...options, host: "127.0.0.1", port, servername: host }, ...rest);
};

// The vendor's package loads a desktop key ring (for interactive sign-in) that installs by downloading a binary. With a
// token in the environment nothing of it is called.
const load = Module._load;

Module._load = function (request, ...rest) {
  return request.endsWith("keytar.node") ? {} : load.call(Module, request, ...rest);
};
