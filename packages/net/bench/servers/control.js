// What a measured server answers its bench over the channel between them: where it listens, what it has cost so far.

/** Says where the server listens, and answers from then on. */
export function listening(port) {
  process.send({ port })
}

process.on('message', async (question) => {
  if (question === 'cpu') process.send(process.cpuUsage())
  if (question === 'memory') process.send({ rss: await settledMemory() })
})

process.on('disconnect', () => process.exit())

/** The resident memory once the garbage is gone, and what is freed later than that. */
async function settledMemory() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage.rss()
}
