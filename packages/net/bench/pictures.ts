// Pictures of the results: bar charts with the best result on top, and our servers in a colour of
// their own.
import { writeFileSync } from 'node:fs'
import { init } from 'echarts'
import type { Comparison, Results } from './results.js'
import type { Family } from './sides.js'
import { median } from './statistics.js'
import { bytes, count, digits } from './tables.js'
import { here } from './toolchains.js'

const FOLDER = '../docs'
const WIDTH = 760
const BAR_HEIGHT = 26
const MARGINS = { top: 70, bottom: 20 }

const COLOURS: Readonly<Record<Family, string>> = {
  ours: '#d1495b',
  JavaScript: '#edae49',
  native: '#66788a',
  Python: '#3d7ea6',
}

/** The contents of one picture. */
export interface Picture {
  readonly file: string
  readonly title: string
  readonly unit: string
  readonly comparison: Comparison
  readonly kind: string
  readonly shown: (value: number) => string
}

/** The pictures that these results allow. */
export function picturesOf({ comparisons }: Results): Picture[] {
  const pictures: Picture[] = []
  for (const comparison of comparisons) {
    const { what, connections, messageBytes, inFlight } = comparison
    if (what === 'echo' && connections === 64) {
      const title = `Echo of ${bytes(messageBytes)}, ${connections} connections`
      const [unit, file] = ['CPU time of the server per echo, us', `echo-${messageBytes}.svg`]
      pictures.push({ file, title, unit, comparison, kind: 'cpu', shown: digits })
    }
    if (what === 'lines' && inFlight === 16) {
      const title = `Lines of ${bytes(messageBytes)}, ${inFlight} in flight, ${connections} connections`
      const [unit, file] = ['CPU time of the server per line, us', 'lines.svg']
      pictures.push({ file, title, unit, comparison, kind: 'cpu', shown: digits })
    }
    if (what === 'connects') {
      const [title, unit] = ['Connect, one echo, close', 'CPU time of the server per connection, us']
      pictures.push({ file: 'connects.svg', title, unit, comparison, kind: 'cpu', shown: digits })
    }
    if (what === 'memory') {
      const [title, unit] = ['Idle connection, used once', 'resident memory, bytes']
      pictures.push({ file: 'memory.svg', title, unit, comparison, kind: 'used', shown: count })
    }
    if (what === 'start') {
      const [title, unit] = ['From start to first reply', 'ms, from the start of the process']
      pictures.push({ file: 'start.svg', title, unit, comparison, kind: 'ms', shown: digits })
    }
  }
  return pictures
}

export function writePictures(results: Results): void {
  for (const picture of picturesOf(results)) {
    writeFileSync(here(`${FOLDER}/${picture.file}`), `${svgOf(picture, results)}\n`)
  }
}

function svgOf({ title, unit, comparison, kind, shown }: Picture, { sides }: Results): string {
  const bars = Object.entries(comparison.samples)
    .map(([id, samples]) => ({ ...sides[id]!, value: median(samples[kind]!) }))
    .sort((a, b) => a.value - b.value)
  const height = MARGINS.top + MARGINS.bottom + bars.length * BAR_HEIGHT
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  const families = (Object.keys(COLOURS) as Family[]).filter((family) =>
    bars.some((bar) => bar.family === family),
  )
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, subtext: `${unit}; less is better`, left: 10, top: 5 },
    legend: { data: families, right: 10, top: 10 },
    grid: { left: 170, right: 70, ...MARGINS },
    xAxis: { type: 'value', show: false },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ name }) => name),
      axisTick: { show: false },
      axisLabel: { color: '#222', interval: 0 },
    },
    // One series per family, so that the legend names it; stacked, so that missing values take no
    // space.
    series: families.map((family) => ({
      name: family,
      type: 'bar',
      stack: 'all',
      barWidth: '70%',
      itemStyle: { color: COLOURS[family] },
      data: bars.map((bar) => (bar.family === family ? bar.value : null)),
      label: {
        show: true,
        position: 'right',
        color: '#222',
        formatter: ({ value }: { value?: unknown }) => (typeof value === 'number' ? shown(value) : ''),
      },
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose() // It would keep the process alive.
  return svg
}
