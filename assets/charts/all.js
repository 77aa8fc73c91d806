// Chart name → the function that gives its ECharts option.

import { capacity } from "./capacity.js";
import { chain } from "./chain.js";
import { funnel } from "./funnel.js";
import { history } from "./history.js";
import { map } from "./map.js";
import { stages } from "./stages.js";
import { targets } from "./targets.js";
import { timeline } from "./timeline.js";

export const charts = { capacity, chain, funnel, history, map, stages, targets, timeline };
