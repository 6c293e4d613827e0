import {
  Controller,
  DefaultValuePipe,
  Get,
  HttpCode,
  HttpException,
  Inject,
  Ip,
  ParseIntPipe,
  Post,
  Query,
} from '@nestjs/common';
import { CensusService, type CensusLine } from './census.service.js';
import { INSTANCE } from './instance.js';
import { VisitsService, type SharedState, type Visit } from './visits.service.js';

export interface VisitAnswer extends Visit {
  instance: string;
  address: string;
}

export interface StateAnswer extends SharedState {
  instance: string;
  pid: number;
  census: CensusLine[];
}

@Controller('api')
export class VisitsController {
  constructor(
    @Inject(INSTANCE) private readonly instance: string,
    private readonly visits: VisitsService,
    private readonly census: CensusService,
  ) {}

  /** The address is that of `x-forwarded-for`, as behind a load balancer. */
  @Post('visits')
  @HttpCode(200)
  async visit(@Ip() address: string): Promise<VisitAnswer> {
    const visit = await this.visits.visit(address);
    const answer = { instance: this.instance, address, ...visit };
    if (!visit.allowed) throw new HttpException(answer, 429);
    return answer;
  }

  @Get('state')
  async state(@Query('entries', new DefaultValuePipe(12), ParseIntPipe) entries: number): Promise<StateAnswer> {
    const [state, census] = await Promise.all([this.visits.state(entries), this.census.take()]);
    return { instance: this.instance, pid: process.pid, ...state, census };
  }
}
