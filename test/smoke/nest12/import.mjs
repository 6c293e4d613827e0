import 'reflect-metadata';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import * as manager from 'nestjs-manager';
import 'nestjs-manager/testing';
import { scenario } from './scenario.mjs';

await scenario({ common, core, manager });
