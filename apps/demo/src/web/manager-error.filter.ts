import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ManagerError } from 'nestjs-manager';

/** A shared object that cannot be reached is no fault of this instance: 503, and the client may try again. */
@Catch(ManagerError)
export class ManagerErrorFilter implements ExceptionFilter<ManagerError> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch({ code, message }: ManagerError, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { code, message }, 503);
  }
}
