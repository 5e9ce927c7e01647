// The etch command in a program of one's own, with a network of one's own:
//
//   #include <etch/host/command.hpp>
//   #include "mine.hpp"
//   int main(int n, char** a) { return etch::host::command<mine::Net>(n, a); }
//
// `./program train --data digits --checkpoint run.safetensors` then trains mine::Net, and so do the
// other commands that take a MODEL: without one they mean it, and another may still be given.
#pragma once
#include <etch/host/network/models.hpp>

namespace etch::host {

// What `etch WORDS...` does; the exit status. Messages go to stderr.
int command(int argc, char** argv);
// The same of a program that is called as argv[0] says, for a network of its own.
int command(int argc, char** argv, const Model& own);

// `name` is that of MODEL, and in checkpoints; it must outlive the call.
template <class Net>
int command(int argc, char** argv, std::string_view name = "network") {
  return command(argc, argv, model_of<Net>(name));
}

}  // namespace etch::host
