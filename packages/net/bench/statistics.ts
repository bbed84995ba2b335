// Medians and spreads of a few samples.

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** `1.02 (0.98-1.05)`: the median, the least and the greatest. */
export function spread(samples: readonly number[], digits = 2): string {
  const [least, greatest] = [Math.min(...samples), Math.max(...samples)]
  return `${median(samples).toFixed(digits)} (${least.toFixed(digits)}-${greatest.toFixed(digits)})`
}

/** Lines of cells under a line of titles; the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
    .join('\n')
}
