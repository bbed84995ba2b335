// Loads the types of Node in a project that loads none by itself (`types: []`).
/// <reference types="node" preserve="true" />

/**
 * For tests: a network in memory, in virtual time.
 *
 * @packageDocumentation
 */

import './own-files.js'

export type { Packet, PacketChange, PacketSource } from './driver/packets.js'
export type { DatagramNetworkOptions } from './drivers/simulated/datagram-network.js'
export type { SimulatedNames, SimulatedRecords } from './drivers/simulated/names.js'
export { Link, type NetworkOptions, type Operation, SimulatedNetwork } from './drivers/simulated/network.js'
export type { PacketListener } from './drivers/simulated/packets.js'
export type { OperationKind } from './drivers/simulated/socket.js'
export { type SimulateOptions, Simulation, type SimulationOptions, simulate } from './testing/simulation.js'
