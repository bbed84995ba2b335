/**
 * To see a program run: a trace of what its tasks did and why, and what can be read from it.
 *
 * @packageDocumentation
 */

export type { CauseKind } from './trace/cause.js'
export { compare, type Difference, type Side } from './trace/compare.js'
export { devtools } from './trace/devtools.js'
export type { DumpReason } from './trace/dumps.js'
export { toChrome } from './trace/export/chrome.js'
export { type MermaidOptions, toMermaid } from './trace/export/mermaid.js'
export { type OTLPOptions, toOTLP } from './trace/export/otlp.js'
export { type SVGOptions, toSVG } from './trace/export/svg.js'
export { toText } from './trace/export/text.js'
export { stateAt } from './trace/fold.js'
export { toHTML } from './trace/html.js'
export { parse, stringify, TraceReader } from './trace/lines.js'
export type { Finding, Rule } from './trace/lint/finding.js'
export { type LintOptions, lint } from './trace/lint.js'
export type { NetworkLog, RecordedNetwork } from './trace/network.js'
export type {
  CancelPicture,
  FramePicture,
  PacketPicture,
  Picture,
  ResourcePicture,
  TaskPicture,
  TimerPicture,
} from './trace/picture.js'
export { type Recording, type RecordOptions, record, type YieldSite } from './trace/record.js'
export { saveTrace } from './trace/save.js'
export type {
  CallEvent,
  CancelEvent,
  ExitEvent,
  ExternalCause,
  InputEvent,
  IoCause,
  IoEvent,
  LogEvent,
  PacketEvent,
  ParkEvent,
  ResourceEvent,
  ResumeEvent,
  ReturnEvent,
  SpawnEvent,
  TaskCause,
  TimerCause,
  Trace,
  TraceCause,
  TraceEvent,
  TraceEventBase,
  TraceHeader,
  TraceInput,
  WaitsOn,
  WakeEvent,
  WarnEvent,
  YieldEvent,
} from './trace/schema.js'
export { SCHEMA } from './trace/schema.js'
export { type Step, steps } from './trace/steps.js'
export { effects, type Why, why, whyChain } from './trace/why.js'
