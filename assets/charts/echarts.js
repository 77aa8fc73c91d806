// The parts of ECharts that the charts use; naming them one by one keeps the rest out of the bundle.

import { BarChart, CustomChart, MapChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, registerMap, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, MapChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export { init, registerMap };
