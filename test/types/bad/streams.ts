import { read, write } from '@bluelet/net'

export function wrong(count: number | undefined): readonly unknown[] {
  return [
    // error: No overload matches this call
    read(process.stdin, '5'),
    // error: No overload matches this call
    read(process.stdin, count),
    // error: No overload matches this call
    read(process.stdin, { max: 5 }),
    // error: No overload matches this call
    read(0, 5),
    // error: is not assignable to parameter of type
    read(process.stdout.fd),
    // error: Expected 2 arguments, but got 1
    write(process.stdout),
    // error: is not assignable to parameter of type
    write(process.stdout, 5),
    // error: is not assignable to parameter of type
    write(1, 'text'),
  ]
}
