// What a process is given by who starts it: standard streams, limits of stack and threads.
#pragma once
#include <cstddef>

namespace etch::host {

// Before anything else. Throws an Error where the stack is too small.
void check_surroundings();

// Throws an Error where the system makes fewer threads than that: oneTBB would end the process, in
// the middle of its work.
void check_threads_can_be_made(std::size_t threads);

// At the end: flushes stdout, and turns a good exit status into a bad one where not all of it could
// be written.
int written(int status);

}  // namespace etch::host
