require('reflect-metadata');
const common = require('@nestjs/common');
const core = require('@nestjs/core');
const manager = require('nestjs-manager');
require('nestjs-manager/testing');
const { scenario } = require('./scenario.mjs');

scenario({ common, core, manager }).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
