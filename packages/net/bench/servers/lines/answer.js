// What servers do that get chunks of bytes instead of lines: they find the lines in them.

const LINE_FEED = 10

/** Returns the reply to each whole line, which is the line, and the part of a line that is left. */
export function answer(input) {
  const replies = []
  let from = 0
  for (let end = input.indexOf(LINE_FEED); end >= 0; end = input.indexOf(LINE_FEED, from)) {
    replies.push(input.subarray(from, end + 1))
    from = end + 1
  }
  return { replies, left: from < input.length ? input.subarray(from) : null }
}
