#include <etch/host/command.hpp>

int main(int argc, char** argv) { return etch::host::command(argc, argv); }
