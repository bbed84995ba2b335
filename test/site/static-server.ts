// Serves the files of a folder over HTTP, like any host of static pages.
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}

export interface StaticServer {
  /** With a slash at its end. */
  readonly origin: string
  close(): void
}

export async function serve(folder: string): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = path.join(folder, decodeURIComponent(pathname))
    const type = TYPES[path.extname(file)]
    if (type === undefined || !existsSync(file)) {
      response.writeHead(404).end()
    } else {
      response.writeHead(200, { 'content-type': type })
      createReadStream(file).pipe(response)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on a port.
  return {
    origin: `http://127.0.0.1:${port}/`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
